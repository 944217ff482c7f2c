"""What workers of one gateway share: what they have counted, and that Kafka has been there."""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from http_gateway.tally import Tally

_KAFKA = 0


class Place(NamedTuple):
    """A worker's."""

    number: int
    tally: Tally
    marks: mmap.mmap
    others: list[int]
    """Sockets of other places, inherited from the main process."""

    def enter(self) -> None:
        """In the worker, before it begins: the other places' sockets must not outlive their own workers here."""
        for fd in self.others:
            os.close(fd)

    def started(self) -> None:
        """It serves."""
        self.marks[1 + self.number] = 1

    @property
    def has_kafka_been_ready(self) -> bool:
        """Whether any worker has seen Winnow's topics."""
        return bool(self.marks[_KAFKA])

    def kafka_was_ready(self) -> None:
        """The topics are there: the next worker need not look before it writes."""
        self.marks[_KAFKA] = 1


class Places:
    """The main process's side of it."""

    def __init__(self, workers: int) -> None:
        # Only the owner can read it: mkdtemp makes it with mode 0700.
        self._tally = Tally(Path(tempfile.mkdtemp(prefix="winnow-gateway-")))
        self._owner = os.getpid()
        self._marks = mmap.mmap(-1, 1 + workers)
        """Memory that forked processes share: whether Kafka has been ready, and which places' workers serve."""

    def place(self, number: int, others: list[int]) -> Place:
        """For a worker that is about to be started."""
        self._marks[1 + number] = 0
        return Place(number, self._tally, self._marks, others)

    def keep(self, number: int) -> None:
        """The worker that was there before goes on."""
        self._marks[1 + number] = 1

    def has_started(self, number: int) -> bool:
        """Whether the worker that was started last in this place serves."""
        return bool(self._marks[1 + number])

    def forget_kafka(self) -> None:
        """Another Kafka, or other topics: they have to be looked at before anything is written."""
        self._marks[_KAFKA] = 0

    def fold(self, alive: set[int]) -> None:
        """Put what ended workers have counted into one file."""
        self._tally.fold(alive)

    def close(self) -> None:
        """Remove the files; in the process that made them only."""
        if os.getpid() == self._owner:
            self._tally.remove()
