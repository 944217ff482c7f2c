"""The limit for the gateway: Granian with an app that reads the body and answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

if TYPE_CHECKING:
    from http_gateway.body import Receive, Scope, Send

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Read everything, answer `{}`."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = bool((await receive()).get("more_body"))
    await answer(send)


async def answer(send: Send) -> None:
    """Answer `{}`."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"{}"})


def serve(app: str, port: int) -> None:
    """Serve an app of this folder as the gateway is served, until the process ends."""
    Granian(
        f"benchmarks.{app}",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    serve("bare:app", int(sys.argv[1]))
