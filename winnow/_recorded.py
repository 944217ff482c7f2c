"""What was decided about the alerts of a time range, as decisions hold it."""

from __future__ import annotations

from collections import ChainMap, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from alerts.advice import Advice, from_plain
from flows.decided import (
    accepted_ms,
    decode,
    fingerprint,
    fingerprints,
    is_new,
    lines,
    passed_before,
    passes,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.decided import Line
    from flows.remembering import Known

_ADVISED = b'"advice":{'
_EVER = -(2**62)
_UNREADABLE = b'"dedup":{"outcome":"unreadable"'


class Span(NamedTuple):
    """Which alerts count, by their acceptance in milliseconds."""

    warm_ms: int
    """From then on they are judged, so that dedup knows what it knew."""
    since_ms: int
    """From then on they count."""
    until_ms: int
    """Before then."""


class Recorded:
    """The decisions about the alerts of some partitions."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._open: dict[bytes, bool] = {}
        """By fingerprint, of those met in the range: whether it is yet to turn out how often the alert was told."""
        self.order: dict[int, list[bytes]] = defaultdict(list)
        """By partition, the input ids of `rows` as they came first."""
        self.rows: dict[bytes, bytes] = {}
        """By input id, what `flows.decided.lines` says; written again after a crash, and the last is what holds."""
        self.again: dict[bytes, bytes] = {}
        """The last of those that were decided more than once. One that could not be read at first, and came again out
        of the quarantine, has the first in `rows`."""
        self._advised: dict[bytes, bytes] = {}
        """Of what was decided more than once, the decision that holds advice."""
        self.known: dict[str, Known] = {}
        """By input id: what dedup remembered of an alert, of what may be the first event of it that is read, and of the
        first that says how often it was told."""

    def read(self, value: bytes, partition: int) -> None:
        """Take the decisions of a record; in a partition they come in order."""
        warm_ms, since_ms, until_ms = self._span
        found = within(lines(value), _EVER, until_ms)
        opened, is_warm = self._open, within(found, warm_ms, until_ms) is found
        known = opened.get
        for line, key in zip(found, fingerprints(found), strict=True):
            is_open = known(key)
            if is_open is None and is_warm and is_new(line):  # most are, and no more is to be known of them
                opened[key] = False
            elif is_open is None or (is_open and passes(line)):
                self._remember(line, is_first=is_open is None, is_warm=is_warm)
        counting = within(found, since_ms, until_ms)
        rows, order = dict(counting), self.order[partition]
        if len(rows) == len(counting) and self.rows.keys().isdisjoint(rows):
            self.rows.update(rows)
            order += rows
        else:
            for id_, text in counting:
                if id_ not in self.rows:
                    order.append(id_)
                self._put(id_, text)

    def _put(self, id_: bytes, text: bytes) -> None:
        before = self.rows.get(id_)
        if before is None or before == text or _UNREADABLE not in before:
            self.rows[id_] = text
        if before is None:
            return
        self.again[id_] = text
        for one in (before, text):
            if _ADVISED in one:
                self._advised[id_] = one

    def _remember(self, line: Line, *, is_first: bool, is_warm: bool) -> None:
        before = passed_before(line)
        if before is not None and (is_first or before.counted is not None):
            self.known.setdefault(line[0].decode(), before)
        # What is read begins with the first that was accepted from then on. Behind it may lie some that were accepted
        # before: by a gateway whose clock is behind, or out of the quarantine. Which is the first, only Kafka knows.
        if is_warm or accepted_ms(line[1]) >= self._span.warm_ms:
            self._open[fingerprint(line)] = before is not None and before.counted is None

    @property
    def advice(self) -> Mapping[str, Advice]:
        """What a model said then, by input id."""
        return _Advices(ChainMap(self._advised, self.rows))


class _Advices(Mapping[str, Advice]):
    """Decoded when asked for: it is asked of each alert that passes dedup."""

    def __init__(self, rows: Mapping[bytes, bytes]) -> None:
        self._rows = rows

    def __getitem__(self, id_: str) -> Advice:
        line = id_.encode(), self._rows[id_.encode()]
        if _ADVISED not in line[1]:
            raise KeyError(id_)
        return from_plain(decode(line)["advice"])

    def __iter__(self) -> Iterator[str]:
        return (id_.decode() for id_, text in self._rows.items() if _ADVISED in text)

    def __len__(self) -> int:
        return sum(1 for _ in self)
