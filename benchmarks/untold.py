"""The flow without its decision trail, for `python -m bytewax.run`: what the trail costs is what this one does more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.configuration import load
from connectors.kafka.topics import topics
from connectors.request import Message
from flows.parts import build
from flows.plumbing.runtime import check_arguments, prepare
from flows.proxy import connect
from flows.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytewax.dataflow import Dataflow

    from alerts.config import Config
    from flows.chunk import Chunk


class _Untold(Trail):
    """Says of a chunk no more than how many alerts were decided, so that the rate can be seen."""

    def __init__(self, config: Config) -> None:
        self._names = topics(config.kafka)
        super().__init__(self._names, config.kafka.partitions, "untold")

    def of_chunk(self, chunk: Chunk) -> Iterator[tuple[str, Message]]:
        """One number, as text."""
        value = str(len(chunk.arrivals)).encode()
        yield str(chunk.partition), Message(self._names.decisions, value, partition=chunk.partition)


def flow() -> Dataflow:
    """The flow of winnow.yaml; Bytewax calls this."""
    prepare()
    config = load()
    check_arguments(config.kafka.partitions)
    return connect(build(config)._replace(trail=_Untold(config), names=None))
