"""The application behind a relay: sees its senders as if they had come to it directly."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

from http_gateway.answers import RefusedError, headers, new_id
from http_gateway.body import Event, Receive, Scope, Send
from http_gateway.senders.peer import PEER
from http_gateway.tls.front import FOLDER
from http_gateway.tls.names import sender

App = Callable[[Scope, Receive, Send], Awaitable[None]]

# As many as one worker serves at a time and more; a name that is forgotten is read again.
_NAMES_MAX = 16_384
# RFC 6797: for a year. Subdomains of the name Winnow goes by are not Winnow's to speak for.
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Relayed:
    """An ASGI application whose connections all come from a relay."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._sender = lru_cache(_NAMES_MAX)(sender)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_hsts(event: Event) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], _HSTS]
            await send(event)

        found = self._sender(scope["client"][0])
        if found is None or (found.identity is not None and found.until_s <= time.time()):
            await _refuse(send_with_hsts)
            return
        scope["client"] = found.address
        scope["server"] = None  # a socket's path is nobody's business
        scope["scheme"] = "https"
        scope[PEER] = found.identity
        await self._app(scope, receive, send_with_hsts)


async def _refuse(send: Send) -> None:
    """403: it did not come by the relay, or its certificate has expired since the handshake."""
    id_ = new_id()
    reply = RefusedError(403, "AUTHORIZATION_ERROR", "not allowed").reply(id_)
    common = [*headers(id_, time.monotonic_ns()), (b"connection", b"close")]
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*own, *common]})
    await send({"type": "http.response.body", "body": reply.body})


def behind_relay(app: App) -> App:
    """The application as it has to be where relays stand in front of it; itself where none do."""
    return Relayed(app) if FOLDER in os.environ else app
