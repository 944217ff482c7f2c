"""The worker's end of a relayed connection: what a sender said goes in there, what it is answered comes out."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# A worker that is busy takes connections late; once too many wait for it Linux says EAGAIN (unix(7)). One that has not
# begun yet takes none.
_TRY_AGAIN_S = 0.02
_ROUNDS = 250
_CHUNK_BYTES = 256 * 1024


class Opposite(Protocol):
    """What the worker's end needs of the sender's."""

    def first(self) -> bytes:
        """What it has said so far, once."""

    def write(self, data: bytes) -> None:
        """Send the answer, or a part of it."""

    def end(self) -> None:
        """The worker has closed the connection: send what is left, then close."""

    def pause_reading(self) -> None:
        """The worker takes no more for now."""

    def resume_reading(self) -> None:
        """The worker takes more again."""


class WorkerEnd(asyncio.Protocol):
    """Connected to a worker."""

    def __init__(self, sender: Opposite, connected: socket.socket) -> None:
        self._sender = sender
        self._socket = connected
        self.takes_more = True
        """Whether the sender may be read."""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it

    def data_received(self, data: bytes) -> None:
        """The worker answers."""
        self._sender.write(data)

    def pause_writing(self) -> None:
        """The worker takes no more for now."""
        self.takes_more = False
        self._sender.pause_reading()

    def resume_writing(self) -> None:
        """The worker takes more again."""
        self.takes_more = True
        self._sender.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The worker has closed it, or is gone."""
        if error is not None:
            self._take_last_words()
        self._sender.end()

    def _take_last_words(self) -> None:
        """What the worker answered before it closed.

        It closes at once what is too large to be read. The loop then fails to write and reads no more, though the
        answer lies there; its socket is closed only after `connection_lost`.
        """
        with suppress(OSError):
            while data := self._socket.recv(_CHUNK_BYTES):
                self._sender.write(data)


async def connect(sender: Opposite, name: Path, workers: Sequence[Path]) -> WorkerEnd:
    """A connection to a worker, which is sent what the sender has said so far.

    It is sent at once: a worker that is about to end closes a connection on which nothing has come.

    Args:
        sender: The other end.
        name: What this end is called: it tells the worker who the sender is.
        workers: Their sockets, that of the one whose turn it is first.

    Raises:
        OSError: There is no worker that takes it, within 5 s.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(0)
        made.bind(str(name))
        try:
            await _connected(made, workers)
            rest = _sent(made, sender.first())
        finally:
            os.unlink(name)  # noqa: PTH108 pathlib and asyncio: ASYNC240; the connection keeps its name
        loop = asyncio.get_running_loop()
        transport, end = await loop.create_unix_connection(lambda: WorkerEnd(sender, made), sock=made)
        if rest:
            transport.write(rest)
    except BaseException:
        made.close()
        raise
    return end


async def _connected(made: socket.socket, workers: Sequence[Path]) -> None:
    for _ in range(_ROUNDS):
        for worker in workers:
            with suppress(BlockingIOError, ConnectionRefusedError):
                made.connect(str(worker))
                return
        await asyncio.sleep(_TRY_AGAIN_S)
    raise TimeoutError("no worker took the connection")


def _sent(made: socket.socket, data: bytes) -> bytes:
    """Send as much as goes at once; what is left."""
    try:
        return data[made.send(data) :]
    except BlockingIOError:
        return data
