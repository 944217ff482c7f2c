"""Copies of decisions and outcomes for the gateways that wait for them (`alerts/reply.py`); nothing for all others."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import orjson

from alerts import reply
from alerts.decision import Outcome
from connectors.request import Message
from flows.plumbing.rows import failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alerts.alert import Arrival
    from alerts.reply import Address
    from connectors.job import Ended
    from flows.chunk import Chunk, Judging

Row = dict[str, object]

# No gateway waits that long. It is what keeps a dead letter that is sent again next week from telling anybody.
_WAITED_FOR_MS = 15 * 60 * 1000
# Far below what a broker takes: about 500 bytes an alert.
_ROWS_MAX = 500


class Replies:
    """Turns what happened into messages for whoever waits for it."""

    def __init__(self, topic: str, kinds: Mapping[str, str]) -> None:
        """Write to `topic`; `kinds` are those of the targets, by name."""
        self._topic = topic
        self._kinds = kinds

    def of_chunk(self, chunk: Chunk, decisions: Iterable[Row]) -> list[tuple[str, Message]]:
        """What of a chunk's decisions, one for each arrival, somebody waits for."""
        try:
            return list(self._of_chunk(chunk, decisions))
        except Exception as error:  # noqa: BLE001 nothing is promised of a reply, and the flow does not end for it
            failed("reply", error)
            return []

    def of_ended(self, ended: Ended, outcome: Row, partition: int) -> list[tuple[str, Message]]:
        """The outcome of a delivery, if somebody may still wait for it."""
        try:
            return list(self._of_ended(ended, outcome, partition))
        except Exception as error:  # noqa: BLE001 as above
            failed("reply", error)
            return []

    def _of_chunk(self, chunk: Chunk, decisions: Iterable[Row]) -> Iterator[tuple[str, Message]]:
        waited_for: dict[Address, list[Row]] = defaultdict(list)
        for arrival, row in zip(chunk.arrivals, decisions, strict=True):
            to = reply.address(arrival.envelope.reply)
            if to is not None:
                waited_for[to].append(self._decision(arrival, row, chunk.judging))
        for to, rows in waited_for.items():
            for start in range(0, len(rows), _ROWS_MAX):
                yield str(chunk.partition), self._message(to, "decisions", rows[start : start + _ROWS_MAX])

    def _of_ended(self, ended: Ended, outcome: Row, partition: int) -> Iterator[tuple[str, Message]]:
        envelope = ended.delivery.alert.envelope
        to = reply.address(envelope.reply)
        if to is not None and ended.ended_ms - envelope.accepted_ms <= _WAITED_FOR_MS:
            row = {**outcome, "told": list(self._told(ended))}
            yield str(partition), self._message(to, "outcomes", [row])

    def _message(self, to: Address, word: str, rows: list[Row]) -> Message:
        value = orjson.dumps({"v": reply.VERSION, word: rows})
        return Message(self._topic, value, to.token.encode(), to.partition)

    def _decision(self, arrival: Arrival, row: Row, judging: Mapping[str, Judging]) -> Row:
        judged, planned = judging.get(arrival.id), row.get("deliveries")
        if judged is None or not isinstance(planned, list):  # dedup ended it
            return row
        deliveries = [{**one, "kind": self._kinds.get(one["target"], "")} for one in planned]
        return {**row, "deliveries": deliveries, "judging": judged._asdict()}

    def _told(self, ended: Ended) -> Iterator[Row]:
        """The target, then the fallback if it was that one's turn; each with its own tries."""
        own, turned = ended.delivery.target, ended.turned
        if turned is None:
            yield self._row(own, ended.outcome, ended.error, (ended.tries, ended.status, ended.sending_ms))
            return
        at_own = reply.TURNED if turned.error else Outcome.DELIVERED
        yield self._row(own, at_own, turned.error, (turned.tries, turned.status, turned.sending_ms))
        is_told = ended.outcome is Outcome.DELIVERED_TO_FALLBACK
        tries = ended.tries - turned.tries
        tried = (tries, ended.status if tries else None, ended.sending_ms - turned.sending_ms)
        yield self._row(turned.to, Outcome.DELIVERED if is_told else ended.outcome, ended.error, tried)

    def _row(self, target: str, outcome: str, error: str, tried: tuple[int, int | None, float]) -> Row:
        tries, status, sending_ms = tried
        return {
            "target": target,
            "kind": self._kinds.get(target, ""),
            "outcome": outcome,
            "status": status,
            "error": error,
            "tries": tries,
            "sending_ms": round(sending_ms, 3),
        }
