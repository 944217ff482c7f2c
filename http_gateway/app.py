"""The gateway as an ASGI app: ingest as a plain callable, everything else through starlette.

starlette's routing costs a third of an ingest request (DESIGN 9), so the paths that take alerts are looked up here.
"""

from __future__ import annotations

import time

import structlog

from alerts.config import Config
from alerts.formats import formats
from connectors.configuration import load
from connectors.kafka.topics import topics
from http_gateway import metrics
from http_gateway.answers import RefusedError, Reply, headers, request_id
from http_gateway.body import DisconnectedError, Receive, Scope, Send, read
from http_gateway.intake import Intake
from http_gateway.ops import Ops
from http_gateway.writer import Writer

log = structlog.get_logger()

# contract.md: the limit on alerts is the proxy endpoint's; Alertmanager's own path is bounded by the body's size.
_UNLIMITED = frozenset({"/v1/webhooks/alertmanager"})


class Gateway:
    """Takes webhooks, answers when they are in Kafka."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._settings = config.gateway
        self._ops = Ops(config.kafka)
        self._writer: Writer | None = None
        self._intakes: dict[str, Intake] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection event; see the ASGI specification."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            intake = self._intakes.get(scope["path"])
            if intake is None:
                await self._ops(scope, receive, send)
            else:
                await self._ingest(intake, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                self._start()
                await send({"type": "lifespan.startup.complete"})
            else:
                self._ops.stop()
                if self._writer is not None:
                    self._writer.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _start(self) -> None:
        kafka = self._config.kafka
        self._writer = Writer(kafka, self._settings.produce_timeout)
        for name, form in formats().items():
            intake = Intake(name, form, self._writer, topics(kafka), kafka.partitions)
            self._intakes |= dict.fromkeys(form.PATHS, intake)
        self._ops.start()

    async def _ingest(self, intake: Intake, scope: Scope, receive: Receive, send: Send) -> None:
        started_ns = time.monotonic_ns()
        given = dict(scope["headers"])
        id_ = request_id(given.get(b"x-request-id"))
        metrics.in_flight.inc()
        try:
            reply = await self._reply(intake, scope, given, receive)
        except RefusedError as error:
            reply = error.reply(id_)
        except DisconnectedError:
            return
        except Exception:
            log.exception("request_failed", request_id=id_, path=scope["path"])
            reply = RefusedError(500, "INTERNAL_ERROR", "a bug in Winnow; it is logged under this request id").reply(id_)
        finally:
            metrics.in_flight.dec()
        metrics.requests.labels(scope["path"], str(reply.status)).inc()
        metrics.request_seconds.labels(scope["path"]).observe((time.monotonic_ns() - started_ns) / 1e9)
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [*headers(id_, started_ns, reply.body), *reply.headers],
            }
        )
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, intake: Intake, scope: Scope, given: dict[bytes, bytes], receive: Receive) -> Reply:
        if scope["method"] != "POST":
            raise RefusedError(405, "METHOD_NOT_ALLOWED", f"{scope['method']} is not allowed", headers=[(b"allow", b"POST")])
        body = await read(given, receive, self._settings.max_body, self._settings.request_timeout)
        metrics.body_bytes.inc(len(body))
        limit = None if scope["path"] in _UNLIMITED else self._settings.max_alerts_per_request
        return await intake.take(body, limit)


def build() -> Gateway:
    """The gateway as winnow.yaml wants it; Granian calls this in each of its workers."""
    return Gateway(load())
