"""A candidate in a test: the part that judges by it, and the flow it runs beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from bytewax.testing import TestingSink, TestingSource, run_main

from alerts.config import Config
from alerts.record import Stored
from alerts.retry import Retry, encode
from flows import parts
from flows.chunk import Chunk
from flows.plumbing.keyed import ConvertLogic, DedupLogic
from flows.proxy import connect
from flows.steps.convert import Convert
from flows.steps.dedup import Dedup
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS, delivery
from tests.support.whole_flow import EndsAtOnce, Messages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.alert import Arrival
    from connectors.request import Message
    from flows.plumbing.candidate import Shadow

LLM = {"base_url": "http://127.0.0.1:1/v1", "model": "small"}
# What is known of an answer is kept by the object (flows/guard_rails.py), its template among it; others have their own.
OWN_ANSWER = ANSWER._replace(took_ms=41)
PARTITION = 3


def config(**sections: object) -> Config:
    """One without rules; `sections` are those of winnow.yaml."""
    return Config.model_validate({"kafka": {"partitions": 4, "topic_prefix": "w"}, **sections})


def shadow(candidate: Config, live: Config | None = None, **changes: object) -> Shadow:
    """The part; `changes` put others in the place of its steps."""
    made = parts.shadow(candidate, live or config())
    return made._replace(messages=TestingSink([]), **changes)  # type: ignore[arg-type]


def together(live: Config, candidate: Config, stored: Iterable[Stored]) -> tuple[list[Message], list[Message]]:
    """What a flow as `live` wants it writes of these records, and what the candidate beside it does."""
    written: Messages = []
    other: Messages = []
    source = TestingSource([(str(record.partition), record) for record in stored], batch_size=10)
    made = parts.between(parts.Ends(source, lambda _: EndsAtOnce(), TestingSink(written)), live)
    part = parts.shadow(candidate, live)._replace(messages=TestingSink(other))
    run_main(connect(made._replace(shadow=part)))  # type: ignore[no-untyped-call]
    return [message for _, message in written], [message for _, message in other]


class Live:
    """The flow's own dedup, of one partition."""

    def __init__(self, live: Config | None = None) -> None:
        self._dedup = DedupLogic(Dedup((live or config()).dedup.window), None)
        self.offset = 0

    def chunk(self, *arrivals: Arrival) -> Chunk:
        """The chunk of one more record, as dedup lets it go."""
        self.offset += 1
        chunk = Chunk(PARTITION, list(arrivals), [], [(self.offset, len(arrivals))])
        ((out,), _) = self._dedup.on_batch([chunk])
        return out

    def retry(self) -> list[Chunk]:
        """A dead letter that comes back as one more record, as dedup lets it go."""
        self.offset += 1
        letter = Retry("w.dead-letters/0/0", None, delivery(1))
        chunks = ConvertLogic(Convert()).on_batch([Stored(PARTITION, self.offset, NOW_MS, encode(letter))])[0]
        return list(self._dedup.on_batch(list(chunks))[0])


def rows(messages: Iterable[Message], word: str = "decisions") -> list[dict[str, Any]]:
    """What stands in the messages, in the order written."""
    return [row for message in messages for row in orjson.loads(message.value).get(word, ())]


def broken(*_: object) -> None:
    """A part of a candidate that does not work."""
    raise ZeroDivisionError("a candidate's own")
