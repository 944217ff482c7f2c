"""What a candidate has decided, held against what was decided: out of the two topics, some partitions at a time."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.errors import FormatError, KafkaError
from connectors.kafka.topics import shadow, topics
from flows.decided import CLOCKS_DIFFER_MS, accepted_ms, lines, within
from winnow._archive import Archive
from winnow._compared import Comparison
from winnow._groups import Groups
from winnow._progress import progress
from winnow._recorded import Recorded, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from alerts.config import Kafka
    from alerts.record import Stored
    from flows.decided import Line

_DECISIONS, _FAULTS = b',"decisions":[', b',"faults":['
# Nothing stays longer between what the flow writes and what its candidate does; nor are partitions equally far.
_UNDER_WAY_MS = 60_000
# So many decisions of a candidate are held at a time, or one partition's, and as many of the flow's.
_HELD = 125_000


class Pair(NamedTuple):
    """Who is compared, by the versions of their configurations."""

    candidate: str
    live: str


class Head(NamedTuple):
    """What a record of the shadow topic says of itself."""

    pair: Pair
    begun_ms: int
    """When the first alert was accepted that this candidate saw in this partition."""


class Shadowed(NamedTuple):
    """All that is known of a candidate."""

    span: Span
    """From the first alert that counts to the last the candidate has decided about."""
    begun_ms: int | None
    """When the candidate began; None: nothing was found of it."""
    comparison: Comparison
    faults: Counter[tuple[str, str]]
    """How often each step raised what."""
    others: Counter[Pair]
    """Records of other candidates, or beside other configurations."""


class _Part:
    """What a partition holds of the candidate."""

    def __init__(self, begun_ms: int = 2**63, last_ms: int = 0) -> None:
        self.rows: dict[bytes, bytes] = {}
        """By input id; written again after a crash, and the last is what holds."""
        self.begun_ms = begun_ms
        self.last_ms = last_ms

    def add(self, head: Head, value: bytes) -> None:
        found = lines(value)
        self.rows.update(found)
        self.begun_ms = min(self.begun_ms, head.begun_ms)
        self.last_ms = max(self.last_ms, *(accepted_ms(text) for _, text in found))


class _Reading:
    def __init__(self, kafka: Kafka, pair: Pair, since_ms: int) -> None:
        self._names = topics(kafka).decisions, shadow(kafka)
        self._archive = Archive(kafka)
        self._pair = pair
        self._since_ms = since_ms
        self._comparison = Comparison(Span(since_ms, since_ms, 2**63))
        self._faults: Counter[tuple[str, str]] = Counter()
        self._others: Counter[Pair] = Counter()
        self._begun_ms: int | None = None
        self._last_ms = 0
        # What is decided while this reads is under way.
        self._newest_ms, self._until_ms = 0, time.time_ns() // 1_000_000
        """When what was decided last, in any partition, was accepted."""
        self._behind: Counter[int] = Counter()
        """What was decided behind the last that the candidate has judged in a partition, by the second accepted."""

    def all(self, *, is_shown: bool) -> Shadowed:
        decisions, name = self._names
        try:
            records = self._archive.counts(name, _moment(self._since_ms))
        except KafkaError as error:
            raise KafkaError(f"there is no topic {name}: the flow makes it when it starts with `shadow`") from error
        groups, silent = Groups(records, _HELD), list[int]()
        total = sum(records.values()) + self._archive.count(decisions, _moment(self._since_ms))
        with progress(total, is_shown=is_shown) as seen:
            while group := groups.take():
                parts = self._candidate(seen(name, self._archive.records(name, self._since, group)))
                groups.held(sum(len(part.rows) for part in parts.values()))
                self._compare(parts, seen, decisions)
                silent += [number for number in group if number not in parts]
            if self._begun_ms is not None:
                # Where nobody has sent anything since, or the candidate has failed altogether.
                self._compare({number: _Part(self._begun_ms) for number in silent}, seen, decisions)
        self._comparison.not_kept += self._overdue()
        begun_ms = self._since_ms if self._begun_ms is None else max(self._since_ms, self._begun_ms)
        span = Span(begun_ms, begun_ms, max(self._last_ms, begun_ms))
        return Shadowed(span, self._begun_ms, self._comparison, self._faults, self._others)

    @property
    def _since(self) -> datetime | None:
        return _moment(self._since_ms) if self._since_ms else None

    def _candidate(self, records: Iterable[Stored]) -> dict[int, _Part]:
        """What the candidate decided, by partition."""
        parts: dict[int, _Part] = {}
        for record in records:
            head = head_of(record.value)
            if head.pair != self._pair:
                self._others[head.pair] += 1
            elif _FAULTS in record.value[:200]:
                self._faults.update(_faults(record.value))
            else:
                parts.setdefault(record.partition, _Part()).add(head, record.value)
        return parts

    def _compare(
        self, parts: dict[int, _Part], seen: Callable[[str, Iterable[Stored]], Iterable[Stored]], decisions: str
    ) -> None:
        begins = {number: max(self._since_ms, part.begun_ms) for number, part in parts.items()}
        if not begins:
            return
        recorded = Recorded(Span(0, 0, 0))
        since = _moment(min(begins.values()) - CLOCKS_DIFFER_MS)
        mine = f'{{"v":1,"config":"{self._pair.live}",'.encode()
        for record in seen(decisions, self._archive.records(decisions, since, list(parts))):
            if record.value.startswith(mine):
                begin_ms, end_ms = begins[record.partition], parts[record.partition].last_ms + 1
                found = lines(record.value)
                judged = within(found, begin_ms, end_ms)
                recorded.rows.update(judged)
                if len(judged) < len(found):
                    self._note(within(found, max(begin_ms, end_ms), 2**63))
        self._comparison.begin(recorded)
        for part in parts.values():
            rows = part.rows.items()
            self._comparison.hold([row for row in rows if accepted_ms(row[1]) >= self._since_ms])
            self._begun_ms = part.begun_ms if self._begun_ms is None else min(self._begun_ms, part.begun_ms)
            self._last_ms = max(self._last_ms, part.last_ms)
        self._comparison.end()

    def _note(self, behind: Sequence[Line]) -> None:
        """Keep of what may be under way no more than when it was accepted: if the candidate has failed it is much."""
        accepted = [accepted_ms(text) for _, text in behind]
        self._behind.update(at_ms // 1000 for at_ms in accepted)
        self._newest_ms = max(self._newest_ms, *accepted, 0)

    def _overdue(self) -> int:
        """How much of it the candidate should have judged."""
        newest_ms = min(max(self._newest_ms, self._last_ms), self._until_ms)
        return sum(count for at_s, count in self._behind.items() if (at_s + 1) * 1000 <= newest_ms - _UNDER_WAY_MS)


def shadowed(kafka: Kafka, pair: Pair, since_ms: int = 0, *, is_shown: bool = True) -> Shadowed:
    """What Kafka holds of this candidate beside this configuration, about alerts accepted from then on.

    `is_shown` is whether a terminal shows how far it is.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    return _Reading(kafka, pair, since_ms).all(is_shown=is_shown)


def head_of(value: bytes) -> Head:
    """What a record says of itself.

    Raises:
        FormatError: It is none of the shadow topic.
    """
    head, found, _ = value.partition(_DECISIONS)
    return _head(head if found else value.partition(_FAULTS)[0])


@lru_cache(4096)
def _head(text: bytes) -> Head:
    try:
        told = orjson.loads(text + b"}")
        return Head(Pair(told["config"], told["live"]), int(told["begun_ms"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise FormatError("the shadow topic holds what this Winnow cannot read") from error


def _faults(value: bytes) -> dict[tuple[str, str], int]:
    return {(one["step"], one["error"]): one["times"] for one in orjson.loads(value)["faults"]}


def _moment(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=max(0, at_ms))
