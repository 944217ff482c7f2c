"""What goes once more to a target, of a time range: what would be planned now, held against what was delivered."""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Status
from alerts.decision import Outcome
from flows.decided import decode
from winnow._choice import Candidate, Later, Why, choose, untold
from winnow._on_record import End, OnRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.config import Target
    from alerts.decision import Delivery
    from alerts.record import Stored
    from winnow._choice import Wishes
    from winnow._on_record import Kept, Recent, Try
    from winnow._recorded import Recorded, Span

_REPLACED = frozenset({Outcome.MERGED.value, Outcome.NOT_NEEDED.value})


class Plan(NamedTuple):
    """What goes, and how much does not."""

    going: list[Delivery]
    """In the order accepted, those of an alert in their order."""
    left: Counter[Why]
    resolved_later: int
    """How many of those that go as firing are resolved by another that goes."""
    newest: Try
    """How the target took what came to it last."""


class Resend:
    """Fed with what lies in the decisions topic and then with what is planned now, some alerts at a time.

    An event that was planned under another id then (another `dedup.window` counts otherwise) keeps that one.
    """

    def __init__(self, target: Target, span: Span, recent: Recent, partitions: int, wishes: Wishes) -> None:
        self._target, self._span, self._wishes = target, span, wishes
        self._on_record = OnRecord(target, span.until_ms, recent, partitions)
        self._rows: Mapping[bytes, bytes] = {}
        self._planned: dict[str, dict[str, Delivery]] = defaultdict(dict)
        """By fingerprint and input id, in order."""
        self._going: list[tuple[int, Delivery]] = []
        self._left: Counter[Why] = Counter()
        self._resolved_later = 0

    def begin(self, recorded: Recorded) -> None:
        """Go on with alerts about which this was decided."""
        self._rows = ChainMap(recorded.again, recorded.rows)

    def take(self, value: bytes, partition: int) -> None:
        """What is decided now stands in its deliveries."""

    def heard(self, record: Stored) -> None:
        """Take a record of the decisions topic."""
        self._on_record.heard(record)

    def stored(self, record: Stored) -> None:
        """Take a record of the webhooks topic."""
        self._on_record.stored(record)

    def planned(self, delivery: Delivery) -> None:
        """Take what is planned now; a dead letter that was sent back among it is known by its event."""
        is_asked = self._span.since_ms <= delivery.alert.envelope.accepted_ms < self._span.until_ms
        if delivery.target == self._target.name and is_asked:
            self._planned[delivery.alert.fingerprint].setdefault(delivery.alert.id, delivery)

    def end(self) -> None:
        """All of these alerts were told."""
        for fingerprint, planned in self._planned.items():
            self._choose(self._on_record.of(fingerprint), list(planned.values()))
        self._planned.clear()
        self._on_record.clear()

    def plan(self) -> Plan:
        """What has come of it."""
        self._going.sort(key=lambda one: one[0])
        return Plan([delivery for _, delivery in self._going], self._left, self._resolved_later, self._on_record.newest)

    def _choose(self, kept: Kept, planned: Sequence[Delivery]) -> None:
        candidates = [self._candidate(kept, delivery) for delivery in planned]
        whys = choose(candidates, _beyond(kept, candidates), self._target, self._wishes)
        self._left.update(why for why in whys if why not in {None, Why.CLOSED})
        at_ms, fired = 0, 0
        for place, (one, why) in enumerate(zip(candidates, whys, strict=True)):
            if why is not None:
                continue
            alert = one.delivery.alert
            at_ms = max(at_ms, alert.envelope.accepted_ms)
            is_untold = one.delivery.untold_firing or untold(candidates, whys, place)
            # Whoever waited for an answer then is gone.
            envelope = alert.envelope._replace(reply="")
            marked = one.delivery._replace(
                alert=alert._replace(envelope=envelope), untold_firing=is_untold, replayed=True
            )
            self._going.append((at_ms, marked))
            if alert.status is Status.FIRING:
                fired += 1
            else:
                self._resolved_later += fired
                fired = 0

    def _candidate(self, kept: Kept, delivery: Delivery) -> Candidate:
        row = self._rows.get(delivery.alert.id.encode())
        delivery = delivery if row is None else self._as_planned(delivery, row)
        end = kept.ends.get(kept.inputs.get(delivery.alert.id, delivery.id), End(0))
        return Candidate(
            delivery,
            end.was_delivered,
            end.by_replay,
            end.outcome in _REPLACED,
            is_under_way=self._is_under_way(kept, delivery, is_decided=row is not None),
        )

    def _is_under_way(self, kept: Kept, delivery: Delivery, *, is_decided: bool) -> bool:
        alert = delivery.alert
        if alert.id in kept.under_way:
            return True
        return not is_decided and self._on_record.is_unread(alert.fingerprint, alert.envelope.accepted_ms)

    def _as_planned(self, delivery: Delivery, text: bytes) -> Delivery:
        """As the flow planned it, if it told this target of this event."""
        row = decode((delivery.alert.id.encode(), text))
        for planned in row.get("deliveries", ()):
            if planned["target"] == delivery.target:
                return delivery._replace(id=planned["id"], transition=row["transition"])
        return delivery


def _beyond(kept: Kept, candidates: Sequence[Candidate]) -> Later:
    ids = {one.delivery.id for one in candidates}
    inputs = {one.delivery.alert.id for one in candidates}
    told = [end.accepted_ms for id_, end in kept.ends.items() if end.was_delivered and id_ not in ids]
    return Later(max(told, default=0), bool(kept.under_way - inputs), kept.is_over)
