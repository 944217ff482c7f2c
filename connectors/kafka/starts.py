"""Where to begin to read partitions of which no snapshot is known: where the group left off, rewound."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from connectors.kafka.patience import all_told

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

log = structlog.get_logger()

_ANSWER_TIMEOUT_S = 10.0
_PAUSE_S = 0.5

Places = list[TopicPartition]
Found = TypeVar("Found")


def committed(topic: str, partition: int, offset: int, accepted_ms: int) -> TopicPartition:
    """What to commit so that a cold start finds its way: the next offset, and when the last record was accepted."""
    return TopicPartition(topic, partition, offset, str(accepted_ms))


def cold_starts(consumer: Consumer, places: Places, rewind_ms: int, closing: threading.Event) -> dict[int, int]:
    """The offset to begin at for each partition: repeats under the same ids rather than losses.

    Asks until the broker is able to answer, or `closing` is set.

    Raises:
        KafkaException: It refuses to.
    """
    asked = _patiently(lambda: all_told(consumer.committed(places, timeout=_ANSWER_TIMEOUT_S)), closing)
    known = [place for place in asked if place.offset >= 0]
    starts = {place.partition: int(OFFSET_BEGINNING) for place in places}
    starts |= {place.partition: place.offset for place in known}
    moments = list(_moments(known, rewind_ms))
    if moments:
        found = _patiently(lambda: all_told(consumer.offsets_for_times(moments, timeout=_ANSWER_TIMEOUT_S)), closing)
        for place in found:
            if 0 <= place.offset < starts[place.partition]:
                starts[place.partition] = place.offset
    log.warning(
        "cold_start",
        why="no snapshot of these partitions: it is new or lost, or nothing was read from them yet",
        partitions=len(places),
        of_group=len(known),
        rewound_s=rewind_ms / 1000,
    )
    return starts


def backlog_end(consumer: Consumer, start: TopicPartition, closing: threading.Event) -> int:
    """The offset behind what lies in a partition from `start` on; 0 if there is nothing.

    Raises:
        KafkaException: The broker refuses to say.
    """
    place = TopicPartition(start.topic, start.partition)
    low, high = _patiently(lambda: consumer.get_watermark_offsets(place, timeout=_ANSWER_TIMEOUT_S), closing)
    return high if max(low, start.offset) < high else 0


def _moments(known: Iterable[TopicPartition], rewind_ms: int) -> Iterable[TopicPartition]:
    """The partitions whose last acceptance is known, at the moment to go back to."""
    for place in known:
        if place.metadata and place.metadata.isdigit():
            yield TopicPartition(place.topic, place.partition, max(0, int(place.metadata) - rewind_ms))


def _patiently(ask: Callable[[], Found], closing: threading.Event) -> Found:
    """What `ask` returns, once the broker is able to: one that just started has no coordinator yet."""
    while True:
        try:
            return ask()
        except KafkaException as error:
            if "AUTHORIZATION" in error.args[0].name() or closing.is_set():
                raise
            log.warning("waiting_for_kafka", reason=error.args[0].str())
            closing.wait(_PAUSE_S)
