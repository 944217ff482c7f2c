"""What the verbs that watch share: decisions as they are written, until Ctrl-C."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from alerts.errors import FormatError
from connectors.kafka.follower import Follower
from connectors.kafka.topics import topics
from connectors.redaction import redacted
from connectors.terminal import printable
from winnow._interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from alerts.config import Kafka
    from alerts.happening import Happening, Happenings

# So long may Ctrl-C take.
POLL_S = 0.5


def say(text: str) -> None:
    """Tell on standard error what is no result."""
    print(printable(redacted(f"winnow: {text}")), file=sys.stderr, flush=True)  # noqa: T201 beside the results


class Seen(NamedTuple):
    """What came at once, in order within each partition."""

    happenings: list[Happening]
    is_behind: bool
    """More of what was there already is to come."""


def watched(
    kafka: Kafka, since: datetime | None, reads: Happenings, tell: Callable[[str], None] = say
) -> Iterator[Seen]:
    """What was written since then and is being written, without an end; nothing at times while nothing comes.

    `tell` gets a sentence when something keeps it from reading, and when that has passed.
    """
    with Interrupt() as interrupt, Follower(kafka, topics(kafka).decisions, since, tell) as follower:
        while True:
            interrupt.check()
            told: list[Happening] = []
            for one in follower.poll(POLL_S):
                try:
                    told.extend(reads.read(one.value, one.accepted_ms))
                except FormatError as error:
                    tell(f"record {one.partition}/{one.offset} is left out: {error}")
            yield Seen(told, follower.is_behind)
