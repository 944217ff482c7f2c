"""`python -m http_gateway`: serves the gateway with Granian."""

from __future__ import annotations

import math
import socket
import sys
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from alerts.errors import ConfigError, WinnowError
from connectors import address, logs
from connectors.configuration import load
from connectors.kafka.producer import AcknowledgedProducer
from connectors.redaction import redacted
from http_gateway import exposure

if TYPE_CHECKING:
    from alerts.config import Config

# Beside the time for Kafka's report: to read and check what has arrived. A sender that is still sending is cut off.
_STOP_S = 3
_HOW = "set WINNOW_LISTEN, or gateway.listen in winnow.yaml"


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit with 2 if it cannot begin."""
    logs.configure()
    try:
        config = load()
        host, port = _resolved(config.gateway.listen)
        exposure.check(config.gateway, host)
        check(config)
    except WinnowError as error:
        print(redacted(str(error)), file=sys.stderr)  # noqa: T201 for a person, before anything runs
        sys.exit(2)
    Granian(
        "http_gateway.app:build",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        workers=1,
        workers_kill_timeout=math.ceil(config.gateway.produce_timeout.total_seconds()) + _STOP_S,
        websockets=False,
        log_access=False,
    ).serve()


def check(config: Config) -> None:
    """What only trying can tell.

    Raises:
        WinnowError: The address is taken, or librdkafka refuses `kafka.client`.
    """
    address.ensure_free(config.gateway.listen, _HOW)
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
