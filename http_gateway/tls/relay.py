"""Accepts senders, shakes hands with them, and connects each to a worker."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, NamedTuple

import structlog

from http_gateway.tls import names
from http_gateway.tls.outcome import outcome
from http_gateway.tls.sender_end import SenderEnd
from http_gateway.tls.verified import verified
from http_gateway.tls.worker_end import connect

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Coroutine
    from pathlib import Path

    from http_gateway.tls.tally import Tally

log = structlog.get_logger()

_SWEEP_EVERY_S = 0.25
_ACCEPTS_AT_ONCE = 64
# Out of files or memory: what is open must end first.
_PAUSE_S = 0.1


class Places(NamedTuple):
    """Where a relay finds what."""

    listener: socket.socket
    folder: Path
    """Private: the workers' end of each connection is named there."""
    workers: list[Path]
    """Their sockets."""


class Bounds(NamedTuple):
    """What senders may take up."""

    connections: int
    handshakes: int
    handshake_s: float
    silent_s: float
    """After the handshake."""


class Relay:
    """One relay, on the running loop."""

    def __init__(self, bounds: Bounds, places: Places, tally: Tally, context: ssl.SSLContext) -> None:
        self.context = context
        """For the connections to come."""
        self._bounds = bounds
        self._places = places
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        # The first in them has waited longest. Values: when its time is up.
        self._shaking: dict[SenderEnd, float] = {}
        self._silent: dict[SenderEnd, float] = {}
        self._open: dict[SenderEnd, Path | None] = {}
        """With the file that says what its certificate does."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._run, self._serial = os.urandom(4).hex(), 0
        self._one_closed = asyncio.Event()

    def start(self) -> None:
        """Begin to accept."""
        self._places.listener.settimeout(0)
        self._listen()
        self._sweeping = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)

    async def stop(self, within_s: float) -> None:
        """Accept nothing more, and return when the workers have answered what they hold; drop what is then left."""
        self._loop.remove_reader(self._places.listener)
        self._places.listener.close()
        for end in [*self._shaking, *self._silent]:
            self._drop(end)
        self._note()
        try:
            async with asyncio.timeout(within_s):
                while self._open:
                    await self._one_closed.wait()
                    self._one_closed.clear()
        except TimeoutError:
            log.warning("connections_dropped", count=len(self._open))
        self._sweeping.cancel()
        self._tally.close()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                accepted, _ = self._places.listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            self._admit(accepted)

    def _pause(self, error: OSError) -> None:
        self._loop.remove_reader(self._places.listener)
        if error.errno == errno.EINVAL:  # the main process has shut it down: SIGTERM is on its way
            return
        log.error("accept_failed", reason=error.strerror)
        self._loop.call_later(_PAUSE_S, self._listen)

    def _listen(self) -> None:
        if self._places.listener.fileno() >= 0:
            self._loop.add_reader(self._places.listener, self._accept)

    def _admit(self, accepted: socket.socket) -> None:
        if len(self._shaking) >= self._bounds.handshakes:
            self._displace(self._shaking)
        if len(self._open) >= self._bounds.connections and not self._displace(self._shaking or self._silent):
            self._tally.count("full")
            accepted.close()
            return
        end = SenderEnd(self, self.context)
        self._open[end] = None
        self._shaking[end] = self._loop.time() + self._bounds.handshake_s
        self._note()
        self._spawn(self._attach(end, accepted))

    def _displace(self, waiting: dict[SenderEnd, float]) -> bool:
        """End the one that has waited longest, if there is one: it makes room for one that may have more to say."""
        oldest = next(iter(waiting), None)
        if oldest is None:
            return False
        self._tally.count("displaced" if waiting is self._shaking else "silent")
        self._drop(oldest)
        self._open.pop(oldest, None)
        return True

    async def _attach(self, end: SenderEnd, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: end, accepted)
        except OSError:  # it has gone already
            accepted.close()
            self.lost(end)

    def shaken(self, end: SenderEnd) -> None:
        """The handshake is done; what a certificate says is left for the workers."""
        self._shaking.pop(end, None)
        self._silent[end] = self._loop.time() + self._bounds.silent_s
        self._tally.count("ok")
        self._note()

    def failed(self, end: SenderEnd, error: ssl.SSLError | None) -> None:
        """The handshake has failed."""
        if self._shaking.pop(end, None) is not None:
            self._tally.count(outcome(error))

    def begun(self, end: SenderEnd) -> None:
        """It has something for a worker."""
        self._silent.pop(end, None)
        self._spawn(self._connect(end))

    async def _connect(self, end: SenderEnd) -> None:
        try:
            # In turn: each worker gets its share.
            first = self._serial % len(self._places.workers)
            in_turn = [*self._places.workers[first:], *self._places.workers[:first]]
            end.served_by(await connect(end, self._named(end), in_turn))
        except OSError as error:
            self._tally.count("no-worker")
            log.error("no_worker", reason=error.strerror or str(error))  # noqa: TRY400 the reason says all
            end.end()

    def _named(self, end: SenderEnd) -> Path:
        """Its name for the workers, and what its certificate says beside it."""
        host, port = end.transport.get_extra_info("peername")[:2]
        said = end.tls.getpeercert()
        self._serial += 1
        unique = f"{self._run}{self._serial:x}"
        file = self._places.folder / names.name(unique, (names.plain(host), port), is_verified=bool(said))
        if said:
            self._open[end] = names.write(file, verified(said))
        return file

    def lost(self, end: SenderEnd) -> None:
        """It is over."""
        self._shaking.pop(end, None)
        self._silent.pop(end, None)
        said = self._open.pop(end, None)
        if said is not None:
            said.unlink(missing_ok=True)
        self._note()
        self._one_closed.set()

    def _sweep(self) -> None:
        now = self._loop.time()
        for end in [end for end, until in self._shaking.items() if until <= now]:
            self._tally.count("timeout")
            self._drop(end)
        for end in [end for end, until in self._silent.items() if until <= now]:
            del self._silent[end]
            end.end()
        self._sweeping = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)

    def _drop(self, end: SenderEnd) -> None:
        """Before a worker knows of it."""
        self._shaking.pop(end, None)
        self._silent.pop(end, None)
        end.abort()

    def _note(self) -> None:
        self._tally.open(len(self._open))
        self._tally.shaking(len(self._shaking))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
