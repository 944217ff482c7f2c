"""What the flow tells a gateway that waits: a copy of what the decision trail says, and a little more for the answer.

An address is `<partition>/<token>`: the partition of the replies topic that one gateway process reads, and the word by
which it knows its own. A record there has the token as its key, and as its value `{"v": 1, "decisions": [...]}` or
`{"v": 1, "outcomes": [...]}`, the rows of `docs/decisions.md` with some fields more. Nothing is promised of them: a
gateway that misses one answers what it knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
TURNED = "turned-to-fallback"
"""How a notification ended for its own target when it went on to the fallback."""

_ADDRESS = re.compile(r"([0-9]{1,4})/([0-9a-f]{16})")


class Address(NamedTuple):
    """Where a gateway process listens."""

    partition: int
    token: str
    """16 hex digits."""

    def __str__(self) -> str:
        """As an envelope carries it."""
        return f"{self.partition}/{self.token}"


def address(text: str) -> Address | None:
    """The address an envelope carries; None if it carries none, or something else."""
    found = _ADDRESS.fullmatch(text) if text and type(text) is str else None
    return Address(int(found[1]), found[2]) if found else None


def ingest_id(input_: str) -> str:
    """The request that an input id belongs to."""
    return input_.rpartition("-")[0]


def position(input_: str) -> int:
    """The place in its request that an input id names."""
    return int(input_.rpartition("-")[2])


class Judged(NamedTuple):
    """What an alert was taken for."""

    severity: str
    category: str
    confidence: float
    source: str
    recommendations: tuple[str, ...]
    at_ms: int
    took_ms: float


class Planned(NamedTuple):
    """A notification that is to be sent."""

    id: str
    target: str
    kind: str
    """Of the target; empty if the flow knows none of that name."""


class Decided(NamedTuple):
    """What the steps said of one alert."""

    input: str
    fingerprint: str
    dedup: tuple[str, str]
    """Outcome and rule, as in the two below."""
    judged: Judged | None
    """None where dedup ended it; then there is nothing below."""
    filter: tuple[str, str] | None
    route: tuple[tuple[str, str], ...]
    planned: tuple[Planned, ...]


class Told(NamedTuple):
    """What became of one target of a notification: its own, or the fallback of that."""

    target: str
    kind: str
    outcome: str
    """As `alerts.decision.Outcome` has it, or `TURNED`."""
    status: int | None
    """Of the last try; None if it did not answer, or none was made."""
    error: str
    tries: int
    sending_ms: float
    """How long the tries took, without the pauses between them."""


class Outcome(NamedTuple):
    """How one notification ended."""

    input: str
    delivery: str
    told: tuple[Told, ...]
    """The target, and then the fallback if it was that one's turn."""


def decode(value: bytes) -> list[Decided | Outcome]:
    """What a record of the replies topic tells.

    Raises:
        FormatError: Not one, or of another version.
    """
    try:
        content = orjson.loads(value)
        if content["v"] != VERSION:
            raise FormatError(f"reply version {content['v']!r}; this Winnow reads {VERSION}")
        return [
            *(_decided(row) for row in content.get("decisions", ())),
            *(_outcome(row) for row in content.get("outcomes", ())),
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"not a reply: {type(error).__name__}: {error}") from error


def _decided(row: Mapping[str, Any]) -> Decided:
    found = row.get("classify")
    position(row["id"])  # raises if it is no input id
    return Decided(
        row["id"],
        row["fingerprint"],
        _said(row["dedup"]),
        None if found is None else _judged(found, row["judging"]),
        _said(row["filter"]) if "filter" in row else None,
        tuple(_said(verdict) for verdict in row.get("route", ())),
        tuple(Planned(one["id"], one["target"], one["kind"]) for one in row.get("deliveries", ())),
    )


def _said(verdict: Mapping[str, str]) -> tuple[str, str]:
    return verdict["outcome"], verdict["rule"]


def _judged(found: Mapping[str, Any], judging: Mapping[str, Any]) -> Judged:
    return Judged(
        found["severity"],
        found["category"],
        found["confidence"],
        found["source"],
        tuple(judging["recommendations"]),
        judging["at_ms"],
        judging["took_ms"],
    )


def _outcome(row: Mapping[str, Any]) -> Outcome:
    position(row["input"])
    told = tuple(Told(**one) for one in row["told"])
    return Outcome(row["input"], row["delivery"], told)
