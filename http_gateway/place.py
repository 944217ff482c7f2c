"""What workers of one gateway share: what they have counted, and that Kafka has been there."""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from http_gateway.tally import Tally

_KAFKA = 0
_PREFIX = "winnow-gateway-"
_OWNED = "owned"


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

    def accept_no_more(self) -> None:
        """The next worker of this place accepts from now on what comes to the socket that both have.

        A connection accepted the moment before a worker is told to end would be closed unanswered: Granian cannot know
        that a request is on its way. So an empty socket takes the place of each that listens here (Linux only).
        """
        with socket.create_server(("127.0.0.1", 0)) as empty:
            empty.settimeout(0)
            for fd in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
                if fd != empty.fileno() and _listens(fd):
                    os.dup2(empty.fileno(), fd, inheritable=False)

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


def _listens(fd: int) -> bool:
    with suppress(OSError):  # it may be gone meanwhile
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            with socket.socket(fileno=os.dup(fd)) as copy:
                return bool(copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return False


class Places:
    """The main process's side of it."""

    def __init__(self, workers: int) -> None:
        _sweep()
        # Only the owner can read it: mkdtemp makes it with mode 0700.
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Locked for as long as this process or one of its workers lives, for they inherit it; named when it is locked.
        self._held = (folder / "new").open("w")
        fcntl.flock(self._held, fcntl.LOCK_EX)
        (folder / "new").rename(folder / _OWNED)
        self._tally = Tally(folder)
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
            self._held.close()


def _sweep() -> None:
    """Remove what gateways left that were killed with all their workers."""
    for owned in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNED}"):
        with suppress(OSError), owned.open("a") as file:  # BlockingIOError: it lives; PermissionError: somebody else's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(owned.parent, ignore_errors=True)
