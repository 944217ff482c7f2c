"""What the alerts of `benchmarks.bodies` are between the stages: submissions, records, arrivals, alerts, a chunk."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from alerts.alert import Envelope
from alerts.formats import alertmanager
from alerts.instant import instant_ms
from alerts.record import decode, open_alert, split
from alerts.webhook import Received
from benchmarks.bodies import STARTS_AT, webhook
from connectors.targets import kinds
from flows import plan
from flows.chunk import Chunk
from flows.plan import Closing
from flows.steps.classify import Classify
from flows.steps.dedup import Dedup
from flows.steps.filter import Filter
from flows.steps.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.alert import Alert, Arrival
    from alerts.config import FilterRule, Target
    from alerts.config import Route as RouteRule
    from alerts.decision import Delivery
    from alerts.webhook import Submission

NOW_MS = instant_ms(STARTS_AT) + 60_000
"""When they were accepted."""
ALERTS_A_RECORD = 100
ENVELOPE = Envelope("0123456789abcdef0123456789abcdef", "alertmanager", "default", "bench", "{}:{}", NOW_MS)
WINDOW = timedelta(hours=4)


def submissions(numbers: range) -> list[Submission]:
    """As the gateway reads them."""
    return alertmanager.read(Received(webhook(numbers), NOW_MS)).submissions


def records(numbers: range) -> list[bytes]:
    """As they lie in one partition: a hundred a record."""
    starts = range(numbers.start, numbers.stop, ALERTS_A_RECORD)
    shares = (range(start, min(start + ALERTS_A_RECORD, numbers.stop)) for start in starts)
    return [value for share in shares for _, value in split(ENVELOPE, submissions(share), 1)]


def arrivals(numbers: range) -> list[Arrival]:
    """As dedup sees them."""
    return [arrival for value in records(numbers) for arrival in decode(value, NOW_MS)]


def alerts(numbers: range) -> list[Alert]:
    """As the steps behind dedup see them."""
    return list(map(open_alert, arrivals(numbers)))


def target(kind: str, name: str | None = None, **changes: object) -> Target:
    """A target of this kind as its example has it."""
    found = kinds()[kind]
    return found.Config.model_validate({**found.EXAMPLE, "name": name or kind, **changes})


def chunk(
    numbers: range, targets: Sequence[Target], rules: Sequence[FilterRule] = (), routes: Sequence[RouteRule] = ()
) -> Chunk:
    """All that is decided about them; each came twice, so half of the arrivals are repeats."""
    dedup = Dedup(WINDOW)
    state = dedup.begin()
    came = [one for arrival in arrivals(numbers) for one in (arrival, arrival)]
    seen = [dedup(state, arrival) for arrival in came]
    passed = [(open_alert(arrival), one.transition) for arrival, one in zip(came, seen, strict=True) if one.transition]
    opened, transitions = zip(*passed, strict=True)
    judged = list(map(Classify(), opened))
    weighed = [row.weighed for row in judged]
    filtered = list(map(partial(Filter(rules)), opened, weighed))
    routed = list(map(partial(Route(routes, targets)), opened, weighed))
    made = Chunk(0, came, [], [(0, len(came))], seen, opened, transitions, judged, filtered, routed)
    return made._replace(planned=plan.deliveries(made, Closing(targets)))


def deliveries(numbers: range, name: str) -> list[Delivery]:
    """One for each, to one webhook of that name."""
    return [one for planned in chunk(numbers, [target("webhook", name)]).planned for one in planned]
