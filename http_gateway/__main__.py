"""`python -m http_gateway`: serves the gateway with Granian."""

from __future__ import annotations

import argparse
import math
import resource
import socket
import sys
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings

from alerts.errors import ConfigError, WinnowError
from connectors import address, logs
from connectors.configuration import load
from connectors.kafka.producer import AcknowledgedProducer
from connectors.redaction import redacted
from http_gateway.senders import exposure
from http_gateway.server import Server
from http_gateway.tls.door import door, doubts

if TYPE_CHECKING:
    from alerts.config import Config

log = structlog.get_logger()

# Beside the time for Kafka's report: to read and check what has arrived. A sender that is still sending is cut off.
_STOP_S = 3
# Above the limit on headers, so that the app can say what is wrong with them; bodies come in parts of this size.
_BUFFER_MIN_BYTES = 256 * 1024
# Connections to Kafka, logs, libraries.
_OTHER_FILES = 512
_HOW = "set WINNOW_LISTEN, or gateway.listen in winnow.yaml"


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit with 2 if it cannot begin."""
    workers = _arguments().workers
    logs.configure()
    with ExitStack() as stack:
        try:
            config = load()
            host, port = _resolved(config.gateway.listen)
            exposure.check(config.gateway, host)
            check(config)
            opened = stack.enter_context(door(config, (host, port)))
        except WinnowError as error:
            print(redacted(str(error)), file=sys.stderr)  # noqa: T201 for a person, before anything runs
            sys.exit(2)
        limits = config.gateway.limits
        _allow_files(limits.connections + _OTHER_FILES)
        Server(
            "http_gateway.app:build",
            factory=True,
            address=host,
            port=port,
            uds=opened.inner,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=limits.header_timeout // timedelta(milliseconds=1),
                max_buffer_size=max(2 * limits.header_size, _BUFFER_MIN_BYTES),
            ),
            backpressure=limits.connections,
            workers=workers or config.gateway.workers,
            respawn_failed_workers=True,
            workers_kill_timeout=math.ceil(config.gateway.produce_timeout.total_seconds()) + _STOP_S,
            websockets=False,
            log_access=False,
        ).run(config, partial(_reread, host), opened)


def _allow_files(count: int) -> None:
    """As many open files as there may be connections, if the system lets a process have them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m http_gateway", description="Takes webhooks and stores them in Kafka."
    )
    parser.add_argument(
        "--workers", type=int, choices=range(1, 65), metavar="N", help="processes; overrides gateway.workers"
    )
    return parser.parse_args()


def _reread(host: str) -> Config:
    """The configuration as it is now, for a gateway that goes on listening where it does."""
    config = load()
    exposure.check(config.gateway, host)
    try_kafka(config)
    return config


def check(config: Config) -> None:
    """What only trying can tell.

    Raises:
        WinnowError: The address is taken, `gateway.tls` cannot be used, or librdkafka refuses `kafka.client`.
    """
    address.ensure_free(config.gateway.listen, _HOW)
    for doubt in doubts(config):
        log.warning("certificate_doubtful", reason=doubt)
    try_kafka(config)


def try_kafka(config: Config) -> None:
    """Whether librdkafka takes the settings.

    Raises:
        WinnowError: It does not.
    """
    AcknowledgedProducer(config.kafka, config.gateway.produce_timeout).close()


def _resolved(listen: str) -> tuple[str, int]:
    """Host and port, the host as an IP address: Granian takes no names."""
    host, port = address.split(listen)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"cannot listen on {listen}: {error.strerror}; {_HOW}") from error
    return str(found[0][4][0]), port


if __name__ == "__main__":
    main()
