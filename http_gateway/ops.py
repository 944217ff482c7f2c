"""What operators and machines ask: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.instant import rfc3339
from http_gateway.answers import Headers, RefusedError, headers, new_id, now_ms, request_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from http_gateway.body import Event, Receive, Scope, Send
    from http_gateway.exposition import Exposition
    from http_gateway.readiness import Readiness
    from http_gateway.senders.admission import Admission

VERSION = "0.1.0"
"""That of pyproject.toml, which is not in the image."""
_WEBHOOKS = "/v1/webhooks/"
# Mappings can be a thousand.
_NAMED_MAX = 50
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


class Page(NamedTuple):
    """A page that stays as it is."""

    body: bytes
    headers: dict[str, str]
    """In lower case; take the place of those that every answer has."""


class Ops:
    """The paths beside ingest."""

    def __init__(
        self, readiness: Readiness, exposition: Exposition, admission: Admission, *, open_metrics: bool
    ) -> None:
        self._readiness = readiness
        self._exposition = exposition
        self._admission = admission
        self._has_open_metrics = open_metrics
        self.farewell: Headers = ()
        """Headers of a worker that will end soon."""
        self._since = rfc3339(now_ms())
        self.pages: Mapping[str, Page] = {}
        """Further pages, made once, by their paths."""
        self.webhooks: Sequence[str] = ()
        """Where else alerts are taken, for senders that miss it."""
        self._app = Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
                Route("/api/v2/status", self._status),
                Route("/-/healthy", self._healthz),
                Route("/-/ready", self._readyz),
                Route("/openapi.json", self._page),
                Route("/docs", self._page),
            ],
            exception_handlers={HTTPException: self._no_page, RefusedError: _refused},
        )
        # `/metrics/` is no path of ours. starlette would send it to whatever the Host header names.
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; its answer has the headers that every answer has."""
        started_ns = time.monotonic_ns()
        id_ = request_id(dict(scope["headers"]).get(b"x-request-id")) or new_id()
        scope["state"]["request_id"] = id_

        async def send_with_headers(event: Event) -> None:
            if event["type"] == "http.response.start":
                own = {name for name, _ in event["headers"]}
                common = (header for header in headers(id_, started_ns) if header[0] not in own)
                event["headers"] = [*event["headers"], *common, *self.farewell]
            await send(event)

        await self._app(scope, receive, send_with_headers)

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, _: Request) -> Response:
        problem = self._readiness.problem
        if problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": problem}, 503, {"retry-after": "1"})

    async def _no_page(self, request: Request, error: Exception) -> Response:
        is_unknown = isinstance(error, HTTPException) and error.status_code == 404
        if is_unknown and self.webhooks and request.scope["path"].startswith(_WEBHOOKS):
            some = ", ".join(self.webhooks[:_NAMED_MAX])
            rest = len(self.webhooks) - _NAMED_MAX
            more = f" and {rest} more" if rest > 0 else ""
            error = HTTPException(404, f"no format or mapping of winnow.yaml takes it; there are {some}{more}")
        return await _refused(request, error)

    async def _page(self, request: Request) -> Response:
        page = self.pages.get(request.scope["path"])
        if page is None:
            raise HTTPException(404)
        return Response(page.body, headers=page.headers)

    async def _status(self, request: Request) -> Response:
        """What amtool and others ask an Alertmanager first; every field is required there (api/v2/openapi.yaml)."""
        await self._admission.admit_without_body(request.scope)
        build = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "")
        return JSONResponse(
            {
                "cluster": {"name": "", "peers": [], "status": "disabled"},
                "config": {"original": ""},
                "uptime": self._since,
                "versionInfo": {**build, "version": VERSION},
            }
        )

    async def _metrics(self, request: Request) -> Response:
        if not self._has_open_metrics:
            await self._admission.admit_without_body(request.scope, only_listed=True)
        return Response(self._exposition.text(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _refused(request: Request, error: Exception) -> Response:
    """Errors in the contract's shape."""
    if isinstance(error, HTTPException):
        where = f"{request.method} {request.scope['path'][:200]}"
        code = _CODES.get(error.status_code, "ERROR")
        own = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
        error = RefusedError(error.status_code, code, f"{where}: {error.detail}", headers=own)
    assert isinstance(error, RefusedError)
    reply = error.reply(request.state.request_id)
    response = Response(reply.body, reply.status, media_type="application/json")
    response.raw_headers += reply.headers
    return response
