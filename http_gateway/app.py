"""The gateway as an ASGI app: ingest as a plain callable, everything else through starlette.

starlette's routing costs a third of an ingest request (DESIGN 9), so the paths that take alerts are looked up here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from alerts.errors import WinnowError
from alerts.formats import formats
from alerts.mapped import mapped
from connectors import logs
from connectors.configuration import load, locate
from connectors.heap import collect_seldom, give_back_large_blocks, share_arenas
from connectors.redaction import redacted
from http_gateway import metrics
from http_gateway.access_log import SENT, AccessLog
from http_gateway.answers import Headers, RefusedError, Reply, headers, new_id, request_id, unavailable
from http_gateway.apart import Apart
from http_gateway.body import Event, Reader, Receive, Scope, Send
from http_gateway.ending import at_signal
from http_gateway.entrance import Entrance, entrance
from http_gateway.exposition import Exposition
from http_gateway.intake import Intake
from http_gateway.limits import Gate, check_rate
from http_gateway.openapi.pages import pages
from http_gateway.ops import Ops
from http_gateway.orphan import end_with_parent
from http_gateway.rates import Rates
from http_gateway.readiness import Readiness
from http_gateway.senders.admission import Admission
from http_gateway.turns import take_turns
from http_gateway.waiting.waiting import Request, Waiting
from http_gateway.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from alerts.config import Config
    from alerts.formats import Format
    from http_gateway.place import Place

log = structlog.get_logger()

_CLOSE: Headers = ((b"connection", b"close"),)


class Gateway:
    """Takes webhooks, answers when they are in Kafka."""

    def __init__(self, config: Config, folder: Path, place: Place | None = None) -> None:
        """`folder` is that of winnow.yaml; without a `place` it shares nothing with other workers."""
        self._config = config
        self._place = place
        self._settings = config.gateway
        limits = config.gateway.limits
        self._gate = Gate(limits)
        metrics.in_flight.set_function(lambda: self._gate.under_way)
        self._rates = Rates(limits.rate) if limits.rate else None
        self._reader = Reader(config.gateway)
        self._readiness = Readiness(config.kafka, place)
        self._admission = Admission(config.gateway, folder)
        self._exposition = Exposition(place and place.tally)
        self._ops = Ops(self._readiness, self._exposition, self._admission, open_metrics=config.gateway.open_metrics)
        self._farewell: Headers = ()
        self._waiting = Waiting(config, lambda: self._readiness.problem is not None)
        self._apart = Apart()
        self._access_log = AccessLog(self._admission.address) if config.gateway.access_log else None
        self._writer: Writer | None = None
        self._entrances: dict[str, Entrance] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One connection event; see the ASGI specification."""
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        way_in = self._entrances.get(scope["path"])
        if way_in is not None:
            return self._ingest(way_in, scope, receive, send)
        ops = self._ops if self._access_log is None else self._access_log.around(self._ops)
        return ops(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                try:
                    began = self._started()
                except Exception:
                    # Granian would take it for an app without a start, and serve one that is never ready.
                    log.exception("start_failed")
                    began = {"type": "lifespan.startup.failed", "message": "a bug in Winnow, see start_failed"}
                await send(began)
            else:
                self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _started(self) -> Event:
        try:
            self._writer = Writer(self._config.kafka, self._settings.produce_timeout)
        except WinnowError as error:
            return {"type": "lifespan.startup.failed", "message": redacted(str(error))}
        every: dict[str, Format] = {**formats(), **mapped(self._config.mappings)}
        for name, form in every.items():
            intake = Intake(name, form, self._writer, self._config, self._apart)
            for path in form.PATHS:
                self._entrances[path] = entrance(intake, form, path, self._settings.max_alerts_per_request)
        self._ops.pages = pages(self._entrances, self._settings)
        if self._settings.docs:
            self._ops.webhooks = sorted(path for path in self._entrances if path.startswith("/v1/webhooks/"))
        self._admission.start()
        self._readiness.start()
        self._exposition.start()
        if self._access_log is not None:
            self._access_log.start()
        at_signal(asyncio.get_running_loop(), self._waiting.drain)
        if self._place is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._drain)
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, self._place.accept_no_more)
            self._place.started()
        return {"type": "lifespan.startup.complete"}

    def _drain(self) -> None:
        """It will end soon: it is not ready any more, and its senders shall come back by another connection."""
        self._readiness.stop("draining")
        self._farewell = self._ops.farewell = _CLOSE
        self._waiting.drain()

    def _stop(self) -> None:
        self._readiness.stop("shutting down")
        self._admission.stop()
        self._waiting.close()
        if self._writer is not None:
            self._writer.close()
        self._exposition.stop()
        if self._access_log is not None:
            self._access_log.stop()
        log.info("stopped")

    async def _ingest(self, way_in: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        started_ns = time.monotonic_ns()
        given = dict(scope["headers"])
        made = new_id()
        id_ = request_id(given.get(b"x-request-id")) or made
        scope["state"]["request_id"] = id_
        gate = self._gate
        gate.under_way += 1
        try:
            gate.check(scope["headers"])
            reply = await self._taken(way_in, scope, given, receive, made)
        except RefusedError as error:
            reply = error.reply(id_)
        except Exception:  # a bug: its sender is told, and the gateway goes on
            log.exception("request_failed", request_id=id_, path=scope["path"])
            reply = RefusedError(500, "INTERNAL_ERROR", "a bug in Winnow, logged under this request id").reply(id_)
        finally:
            gate.under_way -= 1
        took_s = (time.monotonic_ns() - started_ns) / 1e9
        way_in.meter.count(reply.status, took_s)
        if self._access_log is not None:
            self._access_log.answered(scope, (id_, made), reply.status, took_s)
        await send(_start(reply, (*headers(id_, started_ns), *self._farewell)))
        await send({"type": "http.response.body", "body": reply.body})

    async def _taken(
        self, way_in: Entrance, scope: Scope, given: dict[bytes, bytes], receive: Receive, ingest_id: str
    ) -> Reply:
        """The answer to a request that is stored; nothing of its body is read before its sender is known."""
        method = scope["method"]
        if method not in way_in.methods:
            raise RefusedError(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed", headers=way_in.allow)
        if self._rates is not None:
            check_rate(self._rates, self._admission.address(scope))
        ticket = self._admission.anybody or await self._admission.admit(scope, given)
        if not self._readiness.has_been:
            raise unavailable(f"not ready: {self._readiness.problem}")
        body = await self._reader.read(given, receive, way_in.types)
        metrics.body_bytes.inc((), len(body))
        sender = ticket.sender or await self._admission.verify(ticket, body)
        if self._access_log is not None:
            scope[SENT] = (len(body), sender.source)
        try:
            body = await self._reader.expanded(given, body)
            if way_in.may_wait and (b"prefer" in given or scope["query_string"]):
                store = partial(way_in.intake.take, body, way_in.limit, ingest_id, sender.source, given)
                return await self._waiting.take(Request(scope, receive, ingest_id, time.monotonic_ns()), store)
            return await way_in.intake.take(body, way_in.limit, ingest_id, sender.source, given)
        except BaseException as error:
            # What was judged is over, however it was judged; what could not be stored comes again.
            if not isinstance(error, RefusedError) or error.status >= 500:
                self._admission.release(sender)
            raise


def _start(reply: Reply, common: Headers) -> Event:
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(reply.body))]
    return {"type": "http.response.start", "status": reply.status, "headers": [*own, *common, *reply.headers]}


def build(config: Config | None = None, place: Place | None = None) -> Gateway:
    """The gateway of one worker.

    Args:
        config: None: as winnow.yaml wants it.
        place: What it shares with other workers; None: nothing.
    """
    logs.configure()
    take_turns()
    collect_seldom()
    give_back_large_blocks()
    share_arenas()
    if place is None:
        end_with_parent()
    else:
        place.enter()
        end_with_parent(place.tally.remove)
    try:
        return Gateway(config or load(), locate(None, os.environ).parent, place)
    except WinnowError as error:  # the file has changed since `python -m http_gateway` read it
        sys.exit(redacted(str(error)))
