"""`python -m http_gateway`: serves the gateway with Granian."""

from __future__ import annotations

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from alerts.errors import WinnowError
from connectors.configuration import load


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        config = load()
    except WinnowError as error:
        sys.exit(str(error))
    host, _, port = config.gateway.listen.rpartition(":")
    Granian(
        "http_gateway.app:build",
        factory=True,
        address=host.strip("[]"),
        port=int(port),
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        workers=1,
        websockets=False,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main()
