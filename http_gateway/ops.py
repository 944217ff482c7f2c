"""What operators and machines ask: is it alive, is it ready, what has it counted."""

from __future__ import annotations

import asyncio
import time

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.config import Kafka
from alerts.errors import KafkaError
from connectors.kafka import topics
from http_gateway.answers import RefusedError, headers, request_id
from http_gateway.body import Receive, Scope, Send

log = structlog.get_logger()

_CHECK_EVERY_S = 2.0


class Ops:
    """The paths beside ingest; knows whether Kafka is reachable and its topics are there."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._problem: str | None = "starting"
        self._watch: asyncio.Task[None] | None = None
        self._app = Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._metrics),
            ],
            exception_handlers={HTTPException: _error},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self._app(scope, receive, send)

    def start(self) -> None:
        """Make missing topics and watch Kafka; the gateway answers meanwhile, not ready."""
        self._watch = asyncio.get_running_loop().create_task(self._keep_watch())

    def stop(self) -> None:
        """Not ready any more."""
        self._problem = "shutting down"
        if self._watch is not None:
            self._watch.cancel()

    async def _keep_watch(self) -> None:
        while True:
            try:
                await asyncio.to_thread(topics.ensure, self._kafka)
                problem = None
            except KafkaError as error:
                problem = str(error)
            if problem != self._problem:
                log.info("ready") if problem is None else log.error("not_ready", reason=problem)
                self._problem = problem
            await asyncio.sleep(_CHECK_EVERY_S)

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, _: Request) -> Response:
        if self._problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": self._problem}, status_code=503)

    async def _metrics(self, _: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _error(request: Request, error: Exception) -> Response:
    """404 and 405 in the contract's shape."""
    assert isinstance(error, HTTPException)
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "ERROR")
    id_ = request_id(request.headers.get("x-request-id", "").encode("latin-1"))
    refused = RefusedError(error.status_code, code, f"{request.method} {request.url.path[:200]}: {error.detail}")
    reply = refused.reply(id_)
    response = Response(reply.body, reply.status)
    response.raw_headers = [
        *headers(id_, time.monotonic_ns(), reply.body),
        *((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()),
    ]
    return response
