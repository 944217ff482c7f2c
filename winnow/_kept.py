"""What was put aside, in the quarantine or as dead letters: listed, and found again by place or id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.errors import NotFoundError, WinnowError
from alerts.instant import rfc3339
from winnow._archive import Archive
from winnow._foreign import tell
from winnow._output import write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from alerts.config import Kafka

_PLACE = re.compile(r"(\d{1,9})/(\d{1,18})", re.ASCII)
_NAMED_MAX = 10
_MOMENTS = frozenset({"accepted_ms", "ended_ms"})
_END_MS = 253_402_300_800_000
"""The year 10000, which RFC 3339 does not know."""

Row = dict[str, Any]


class Kept(NamedTuple):
    """A record that was put aside."""

    partition: int
    offset: int
    at_ms: int
    """When it was written."""
    row: Row

    @property
    def place(self) -> str:
        """`partition/offset`."""
        return f"{self.partition}/{self.offset}"

    def whole(self) -> Row:
        """All of it, with its place."""
        return {"place": self.place, "at": rfc3339(self.at_ms), **self.row}


def kept(kafka: Kafka, topic: str, since: datetime | None = None, partition: int | None = None) -> Iterator[Kept]:
    """The records of a topic in the order they lie there; what is no object of JSON is left out, and told.

    Raises:
        KafkaError: There is no such topic, or no broker answers.
    """
    archive = Archive(kafka)
    foreign = 0
    among = [one for one in archive.partitions(topic) if partition in (None, one)]
    for stored in archive.records(topic, since, among):
        try:
            row = orjson.loads(stored.value)
        except orjson.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            yield Kept(stored.partition, stored.offset, stored.accepted_ms, row)
        else:
            foreign += 1
    tell(topic, foreign)


def find(kafka: Kafka, topic: str, name: str, ids: Callable[[Row], set[str]]) -> Kept:
    """The record at the place `name`, or the only one with the id `name`.

    Raises:
        NotFoundError: There is none.
        WinnowError: Several have the id; the text says what to do.
    """
    place = _PLACE.fullmatch(name)
    if place is not None:
        partition, offset = int(place[1]), int(place[2])
        for one in kept(kafka, topic, partition=partition):
            if one.offset == offset:
                return one
            if one.offset > offset:
                break
        raise NotFoundError(f"{topic} has no record at {name}, or keeps it no more; `ls` lists the places")
    found = [one for one in kept(kafka, topic) if name in ids(one.row)]
    if not found:
        missing = f"{topic} has no record of {name[:100]!r}"
        raise NotFoundError(f"{missing}; expected PARTITION/OFFSET or an id, as `ls` lists")
    if len(found) > 1:
        places = ", ".join(one.place for one in found[-_NAMED_MAX:])
        raise WinnowError(f"{len(found)} records of {name} in {topic}; name one by its place, the newest: {places}")
    return found[0]


class Asked:
    """Which records were asked for by name: by their place or one of their ids; without names all are."""

    def __init__(self, names: Sequence[str] | None, ids: Callable[[Row], set[str]]) -> None:
        self._names = set(names or ())
        self._unknown = set(self._names)
        self._ids = ids

    def __call__(self, one: Kept) -> bool:
        """Whether it is one of them."""
        if not self._names:
            return True
        found = self._names & {one.place, *self._ids(one.row)}
        self._unknown -= found
        return bool(found)

    def check(self) -> None:
        """Hold that each name was of some record.

        Raises:
            NotFoundError: One was not.
        """
        if self._unknown:
            name = min(self._unknown)[:100]
            raise NotFoundError(f"there is no {name!r}; expected PARTITION/OFFSET or an id, as `ls` lists")


def contains(text: object, part: str | None) -> bool:
    """Whether `part` is in `text`, in capitals or not; None is in every text."""
    return part is None or part.casefold() in str(text).casefold()


def write_whole(one: Kept, *, as_json: bool) -> None:
    """Print all of a record: as JSON, or a line for each field and its longest text last."""
    whole = one.whole()
    if as_json:
        write_json(whole)
        return
    body = whole.pop("body", None)
    write_lines(line for name, value in whole.items() for line in _field(name, value))
    if body is not None:
        write_lines(["body", *str(body).splitlines()])


def _field(name: str, value: object) -> list[str]:
    if name in _MOMENTS and type(value) is int and 0 <= value < _END_MS:
        return [f"{name:<14}  {value}  {rfc3339(value)}"]
    if isinstance(value, dict | list):
        return [name, *(f"  {line}" for line in orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().splitlines())]
    return [f"{name:<14}  {'-' if value is None else value}"]
