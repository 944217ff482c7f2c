"""Stored alerts judged once more, and what is decided otherwise found: a replay without its Kafka."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

from alerts.config import Config
from alerts.record import Stored
from benchmarks import events
from benchmarks.stage import Limit, Stage
from flows import decided
from flows.again import again
from flows.differences import differences
from flows.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench
    from connectors.request import Message

_COUNT = 5000
_PAIRS = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert."""
    values = events.records(range(_COUNT))
    records = [Stored(0, offset, events.NOW_MS, value) for offset, value in enumerate(values)]
    lines = [line for value in values for line in value.split(b"\n")[1:]]
    yield Stage(
        "replay in memory, all new",
        "alert",
        _COUNT,
        lambda: len(_judged(records)),
        Limit("orjson.loads and dumps of the line", lambda: [orjson.dumps(orjson.loads(line)) for line in lines]),
        time.process_time_ns,
    )
    texts = _judged(records[: _PAIRS // events.ALERTS_A_RECORD])
    decoded = Limit("orjson.loads of each", lambda: [decided.decode(line) for line in texts])
    yield Stage("replay, counted", "decision", _PAIRS, lambda: _counted(texts), decoded)
    before = [decided.decode(line) for line in texts]
    after = [{**row, "deliveries": [{"target": "oncall", "id": "0"}]} for row in before]
    pairs = list(zip(before, after, strict=True))
    unequal = Limit("the two compared as dicts", lambda: [one != other for one, other in pairs])
    yield Stage("replay, all decided otherwise", "decision", _PAIRS, lambda: len(list(differences(pairs))), unequal)


def _judged(records: list[Stored]) -> list[decided.Line]:
    found: list[decided.Line] = []

    def take(message: Message) -> None:
        found.extend(decided.lines(message.value))

    again(Config(), records, {}, take)
    return found


def _counted(texts: list[decided.Line]) -> int:
    totals = Totals()
    totals.add(text for _, text in texts)
    return int(totals.plain()["events"])
