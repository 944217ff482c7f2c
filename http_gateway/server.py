"""Granian with workers that can be replaced while senders go on sending.

Granian binds one port several times (SO_REUSEPORT), each worker its own: what waits in the queue of a worker that ends
is reset. Here the main process owns the sockets, one for each worker's place: the kernel spreads connections over
them evenly, and a place's next worker accepts what its last one left.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import structlog
from granian.net import SocketSpec, UnixSocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from alerts.errors import WinnowError
from http_gateway.place import Place, Places

if TYPE_CHECKING:
    from collections.abc import Callable

    from granian.server.mp import WorkerProcess

    from alerts.config import Config
    from http_gateway.tls.door import Door

log = structlog.get_logger()

_START_S = 30.0
_LOOK_EVERY_S = 0.02
# How long a worker that was told that it will end goes on: its senders hear `connection: close` with their next answer.
_HANDOVER_S = 1.0


class Loader:
    """Makes the app in a worker."""

    def __init__(self, config: Config | None, place: Place | None) -> None:
        self._config = config
        self._place = place

    def __call__(self) -> Callable[..., object]:
        """The app; called by Granian in the worker."""
        from http_gateway.app import build  # noqa: PLC0415 the main process needs none of it
        from http_gateway.tls.relayed import behind_relay  # noqa: PLC0415

        return behind_relay(build(self._config, self._place))

    def __reduce__(self) -> tuple[type[Loader], tuple[None, None]]:
        """Where workers are not forked they read the configuration by themselves and share nothing."""
        return (Loader, (None, None))


class Server(MPServer):
    """Serves the gateway; SIGHUP reads the configuration again and replaces the workers one by one."""

    config: Config
    read: Callable[[], Config]
    """Reads the configuration again; raises WinnowError if it cannot be used."""

    def run(self, config: Config, read: Callable[[], Config], door: Door) -> None:
        """Serve until SIGTERM or SIGINT; senders come in by the door."""
        self.config = config
        self.read = read
        self.door = door
        self.on_startup(door.open)
        self.on_startup(self._say_where)
        self.places = Places(self.workers)
        self._fds: list[int] = []
        try:
            self.serve(target_loader=Loader(None, None), wrap_loader=False)
        finally:
            self.places.close()

    def _say_where(self) -> None:
        # With TLS Granian's own line tells of a socket between processes.
        scheme = "http" if self.door.inner is None else "https"
        log.info("listening", url=f"{scheme}://{self.config.gateway.listen}", workers=self.workers)

    def _init_shared_socket(self) -> None:
        self._sso = None
        if sys.platform != "linux":
            super()._init_shared_socket()
            return
        specs = [
            UnixSocketSpec(f"{self.bind_uds}{place}", self.backlog, 0o600)
            if self.bind_uds
            else SocketSpec(self.bind_addr, self.bind_port, self.backlog)
            for place in range(self.workers)
        ]
        self._holders = [spec.build() for spec in specs]
        self._fds = [holder.get_fd() for holder in self._holders]

    def _drop_shared_socket(self) -> None:
        """Nobody listens any more once the workers have stopped: what comes later is refused, not left to wait."""
        for fd in self._fds:
            os.close(fd)
        self._fds = []
        super()._drop_shared_socket()

    def _spawn_worker(self, idx: int, target: object, callback_loader: object) -> WorkerProcess:  # type: ignore[override]  # noqa: ARG002
        others = [*self.door.sockets, *(fd for place, fd in enumerate(self._fds) if place != idx)]
        if self._fds:
            self._shd, self._ssp = self._holders[idx], None  # type: ignore[assignment]
        loader = Loader(self.config, self.places.place(idx, others))
        return super()._spawn_worker(idx, target, loader)

    def _respawn_workers(
        self, workers: list[int], spawn_target: object, target_loader: object, delay: float = 0
    ) -> None:
        """After a worker has died."""
        self.places.fold(self._alive())
        super()._respawn_workers(workers, spawn_target, target_loader, delay)

    def _reload(self, spawn_target: object, target_loader: object) -> None:
        """A configuration that cannot be used changes nothing: the gateway goes on with the one it has."""
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        try:
            config = self.read()
            self.door.renew(config.gateway)
        except WinnowError as error:
            log.error("reload_refused", reason=str(error))  # noqa: TRY400 the text says all
            return
        if config.kafka != self.config.kafka:
            self.places.forget_kafka()
        self.config = config
        log.info("reload_began")
        for idx in range(self.workers):
            if self.interrupt_signal or not self._replace(idx, spawn_target, target_loader):
                return
        log.info("reloaded")

    def _replace(self, idx: int, spawn_target: object, target_loader: object) -> bool:
        old = self.wrks[idx]
        new = self._spawn_worker(idx, spawn_target, target_loader)
        new.interrupt_by_parent = True  # until it serves its end is no reason to replace the old one
        new.start()
        deadline = time.monotonic() + _START_S
        while not self.places.has_started(idx):
            if not new.is_alive() or time.monotonic() > deadline:
                log.error("reload_failed", worker=idx + 1, reason="the new worker did not start; the old one goes on")
                new.kill()
                self.places.keep(idx)
                return False
            time.sleep(_LOOK_EVERY_S)
        new.interrupt_by_parent = False
        self.wrks[idx] = new
        self._end(old)
        return True

    def _end(self, old: WorkerProcess) -> None:
        """Its senders go to others first, so that none finds its connection closed."""
        old.interrupt_by_parent = True
        if old.is_alive():
            os.kill(old.inner.pid, signal.SIGUSR1)
            if self._fds:
                os.kill(old.inner.pid, signal.SIGUSR2)
            time.sleep(_HANDOVER_S)
        old.terminate()
        if not _has_ended(old, self.workers_kill_timeout or _START_S):
            log.warning("worker_killed", worker=old.idx + 1, reason="it did not end in time")
            old.kill()
            _has_ended(old, _START_S)
        self.places.fold(self._alive())

    def _alive(self) -> set[int]:
        return {worker.inner.pid for worker in self.wrks if worker.is_alive()}

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            worker.interrupt_by_parent = True
            if worker.is_alive() and self.places.has_started(worker.idx):
                os.kill(worker.inner.pid, signal.SIGUSR1)
        time.sleep(self.config.gateway.stop_delay.total_seconds())
        self.door.close()
        super()._stop_workers()


def _has_ended(worker: WorkerProcess, within_s: float) -> bool:
    """Whether it does, in time.

    Asked again and again: Granian waits for it too, in a thread, and one of two who wait is told a moment later.
    """
    deadline = time.monotonic() + within_s
    while worker.is_alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_S)
    return True
