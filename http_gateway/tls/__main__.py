"""`python -m http_gateway.tls`: one relay; `front.py` starts it."""

from __future__ import annotations

import asyncio
import resource
import shutil
import signal
import socket
import sys

import structlog
import uvloop

from alerts.errors import ConfigError
from connectors import logs
from http_gateway.orphan import end_with_parent
from http_gateway.tls.credentials import Credentials, Files
from http_gateway.tls.front import workers
from http_gateway.tls.orders import Orders
from http_gateway.tls.relay import Bounds, Places, Relay
from http_gateway.tls.tally import Tally

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0
# After SIGTERM: workers answer what they hold and close; the main process does not wait so long when it ends.
_DRAIN_S = 60.0
# Beside two for each connection.
_OTHER_FILES = 64
_REMEDY = "repair the files; until then those read before are in use"


async def _run(orders: Orders) -> None:
    """Relay until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    files, tally = Files(orders.tls, orders.config_folder), Tally(orders.folder, orders.number)
    seen = files.look()
    credentials = files.read()
    tally.expires(credentials.expires_s)
    listener = socket.socket(fileno=orders.listener)
    relay = Relay(_bounds(orders), Places(listener, orders.folder, workers(orders.folder)), tally, credentials.context)
    relay.start()
    watching = asyncio.create_task(_watch(files, seen, relay, tally))
    await stop.wait()
    watching.cancel()
    await relay.stop(_DRAIN_S)


def _bounds(orders: Orders) -> Bounds:
    """What fits into the files the system lets a process have, after it was asked for enough."""
    wanted = 2 * orders.connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    connections = min(orders.connections, (allowed - _OTHER_FILES) // 2)
    if connections < orders.connections:
        log.warning("few_files", connections=connections, todo="raise the limit on open files (ulimit -n)")
    handshake_s = orders.tls.handshake_timeout.total_seconds()
    return Bounds(connections, orders.tls.max_handshakes, handshake_s, orders.silent_s)


async def _watch(files: Files, seen: tuple[object, ...], relay: Relay, tally: Tally) -> None:
    """Read the files again once they have changed and rest for a second: key and certificate change one by one."""
    used = seen
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        before, seen = seen, files.look()
        if seen == before and seen != used:
            used = seen
            _renew(files, relay, tally)


def _renew(files: Files, relay: Relay, tally: Tally) -> None:
    try:
        credentials = files.read()
    except ConfigError as error:
        tally.count("kept")
        log.error("certificate_kept", reason=str(error), todo=_REMEDY)  # noqa: TRY400
        return
    relay.context = credentials.context
    tally.expires(credentials.expires_s)
    tally.count("reloaded")
    tell(credentials)
    log.info("certificate_reloaded", expires_s=credentials.expires_s)


def tell(credentials: Credentials) -> None:
    """Log what is doubtful about the files."""
    for warning in credentials.warnings:
        log.warning("certificate_doubtful", reason=warning)


def main() -> None:
    """Relay until SIGTERM, or until the main process is gone."""
    logs.configure()
    orders = Orders.model_validate_json(sys.argv[1])
    end_with_parent(lambda: shutil.rmtree(orders.folder, ignore_errors=True))
    for number in (signal.SIGINT, signal.SIGHUP):  # Ctrl-C reaches it too; the main process says when to end
        signal.signal(number, signal.SIG_IGN)
    uvloop.run(_run(orders))


if __name__ == "__main__":
    main()
