"""What goes once more to a target, of a time range: what would be planned now, held against what was delivered."""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.alert import Status
from alerts.decision import Outcome
from alerts.fingerprint import partition_of
from flows.decided import accepted_ms, decode, lines
from flows.retried import RETRIED
from winnow._choice import Candidate, Later, Why, choose, untold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.config import Target
    from alerts.decision import Delivery
    from alerts.record import Stored
    from winnow._choice import Wishes
    from winnow._recorded import Recorded, Span

Row = dict[str, Any]

_DECISIONS = b'"decisions":['
_REPLACED = frozenset({Outcome.MERGED.value, Outcome.NOT_NEEDED.value})


class Plan(NamedTuple):
    """What goes, and how much does not."""

    going: list[Delivery]
    """In the order accepted, those of an alert in their order."""
    left: Counter[Why]
    resolved_later: int
    """How many of those that go as firing are resolved by another that goes."""


class _End(NamedTuple):
    """What is on record of a notification."""

    accepted_ms: int
    outcome: str = ""
    """The newest; empty: it has none, or was taken out of the dead letters after it."""
    was_delivered: bool = False
    by_replay: bool = False
    retried_ms: int = 0
    """When it was taken out of the dead letters, if it has not ended since."""


class _Record:
    """What is on record of one alert at the target."""

    def __init__(self) -> None:
        self.ends: dict[str, _End] = {}
        """By id."""
        self.inputs: dict[str, str] = {}
        """By the input id of an event, the id by which it was delivered."""
        self.later: dict[str, int] = {}
        """Ids that were planned after the range, and when their events were accepted."""


class Resend:
    """Fed with what lies in the decisions topic and then with what is planned now, some alerts at a time.

    An event that was planned under another id then (another `dedup.window` counts otherwise) keeps that one.
    """

    def __init__(self, target: Target, span: Span, young_ms: int, partitions: int, wishes: Wishes) -> None:
        """What was accepted from `young_ms` on may wait for its target in the flow."""
        self._target, self._span, self._young_ms, self._wishes = target, span, young_ms, wishes
        self._partitions = partitions
        self._needle = b'"target":' + orjson.dumps(target.name)
        self._rows: Mapping[bytes, bytes] = {}
        self._decided_ms: dict[int, int] = {}
        """By partition: how far the flow has come."""
        self._records: dict[str, _Record] = defaultdict(_Record)
        self._planned: dict[str, dict[str, Delivery]] = defaultdict(dict)
        """By fingerprint and input id, in order."""
        self._going: list[tuple[int, Delivery]] = []
        self._left: Counter[Why] = Counter()
        self._resolved_later = 0

    def begin(self, recorded: Recorded) -> None:
        """Go on with alerts about which this was decided."""
        self._rows = ChainMap(recorded.again, recorded.rows)

    def take(self, value: bytes) -> None:
        """What is decided now stands in its deliveries."""

    def heard(self, record: Stored) -> None:
        """Take a record of the decisions topic."""
        if _DECISIONS in record.value:
            found = lines(record.value)
            if found:
                newest_ms = max(accepted_ms(found[0][1]), accepted_ms(found[-1][1]))
                decided_ms = self._decided_ms.get(record.partition, 0)
                self._decided_ms[record.partition] = max(decided_ms, newest_ms)
            if self._needle in record.value:
                self._later(decode(one) for one in found if accepted_ms(one[1]) >= self._span.until_ms)
        elif self._needle in record.value:
            self._ends(record)

    def planned(self, delivery: Delivery) -> None:
        """Take what is planned now; a dead letter that was sent back among it is known by its event."""
        is_asked = self._span.since_ms <= delivery.alert.envelope.accepted_ms < self._span.until_ms
        if delivery.target == self._target.name and is_asked:
            self._planned[delivery.alert.fingerprint].setdefault(delivery.alert.id, delivery)

    def end(self) -> None:
        """All of these alerts were told."""
        for fingerprint, planned in self._planned.items():
            self._choose(self._records[fingerprint], list(planned.values()))
        self._planned.clear()
        self._records.clear()

    def plan(self) -> Plan:
        """What has come of it."""
        self._going.sort(key=lambda one: one[0])
        return Plan([delivery for _, delivery in self._going], self._left, self._resolved_later)

    def _later(self, rows: Iterable[Row]) -> None:
        for row in rows:
            for planned in row.get("deliveries", ()):
                if planned["target"] == self._target.name:
                    self._records[row["fingerprint"]].later[planned["id"]] = row["accepted_ms"]

    def _ends(self, record: Stored) -> None:
        try:
            told = orjson.loads(record.value)
            for row in told.get("outcomes", ()):
                if row["target"] == self._target.name:
                    self._outcome(self._records[row["fingerprint"]], row)
            for row in told.get("retries", ()):
                if row["target"] == self._target.name and row["retry"]["outcome"] == RETRIED:
                    ends = self._records[row["fingerprint"]].ends
                    before = ends.get(row["delivery"], _End(row["accepted_ms"]))
                    ends[row["delivery"]] = before._replace(outcome="", retried_ms=record.accepted_ms)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return  # none of ours

    def _outcome(self, kept: _Record, row: Row) -> None:
        id_, is_told = row["delivery"], row["outcome"] == Outcome.DELIVERED
        before = kept.ends.get(id_, _End(row["accepted_ms"]))
        kept.ends[id_] = _End(
            row["accepted_ms"],
            row["outcome"],
            before.was_delivered or is_told,
            before.by_replay or (is_told and "replayed" in row),
        )
        if is_told:
            kept.inputs[row["input"]] = id_

    def _choose(self, kept: _Record, planned: Sequence[Delivery]) -> None:
        candidates = [self._candidate(kept, delivery) for delivery in planned]
        whys = choose(candidates, self._beyond(kept, candidates), self._target, self._wishes)
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

    def _candidate(self, kept: _Record, delivery: Delivery) -> Candidate:
        row = self._rows.get(delivery.alert.id.encode())
        planned = None if row is None else self._as_planned(delivery, row)
        delivery = planned or delivery
        end = kept.ends.get(kept.inputs.get(delivery.alert.id, delivery.id))
        is_ours = planned is not None or row is None  # what waits for a model is decided later than what came after it
        is_under_way = (is_ours and self._may_wait(delivery)) or (row is None and self._is_unread(delivery))
        if end is None:
            return Candidate(delivery, is_under_way=is_under_way)
        return Candidate(
            delivery,
            end.was_delivered,
            end.by_replay,
            end.outcome in _REPLACED,
            is_under_way=not end.outcome and end.retried_ms >= self._young_ms,
        )

    def _as_planned(self, delivery: Delivery, text: bytes) -> Delivery | None:
        """As the flow planned it; None: it did not tell this target of this event."""
        row = decode((delivery.alert.id.encode(), text))
        for planned in row.get("deliveries", ()):
            if planned["target"] == delivery.target:
                return delivery._replace(id=planned["id"], transition=row["transition"])
        return None

    def _may_wait(self, delivery: Delivery) -> bool:
        return delivery.alert.envelope.accepted_ms >= self._young_ms

    def _is_unread(self, delivery: Delivery) -> bool:
        """Whether the flow has not come so far: it will tell of it."""
        partition = partition_of(delivery.alert.fingerprint, self._partitions)
        return delivery.alert.envelope.accepted_ms >= self._decided_ms.get(partition, 0)

    def _beyond(self, kept: _Record, candidates: Sequence[Candidate]) -> Later:
        ids = {one.delivery.id for one in candidates}
        told = [end.accepted_ms for id_, end in kept.ends.items() if end.was_delivered and id_ not in ids]
        waits = any(at_ms >= self._young_ms and id_ not in kept.ends for id_, at_ms in kept.later.items())
        return Later(max(told, default=0), waits)
