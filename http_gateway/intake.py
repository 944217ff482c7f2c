"""One request body -> records in Kafka, and the answer that says so."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import orjson
import structlog

from alerts import bounds
from alerts.alert import Envelope
from alerts.errors import FormatError, KafkaError, LimitError
from alerts.formats import header_prefixes, lines_as
from alerts.instant import rfc3339
from alerts.quarantine import from_gateway, kept_headers
from alerts.record import split
from alerts.traceparent import traceparent
from alerts.webhook import NO_HEADERS, Fault, Received
from connectors.kafka.topics import topics
from connectors.request import Message
from http_gateway import metrics
from http_gateway.answers import RefusedError, Reply, details, now_ms, unavailable
from http_gateway.apart import LARGE_BYTES
from http_gateway.confirmation import confirm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from alerts.config import Config
    from alerts.formats import Format
    from alerts.webhook import Rejected, Webhook
    from http_gateway.apart import Apart
    from http_gateway.waiting.waiter import Waiter
    from http_gateway.writer import Writer

log = structlog.get_logger()

# A body can hold tens of thousands of entries that are no alerts; the rest of them is kept as one.
_QUARANTINED_MAX = 1000
_FAULTS_TOLD = 20
# To split so many by partition takes milliseconds.
_MANY = 500
# Answers when all was stored and when some was not valid. Alertmanager's clients know no other 2xx and expect a 400
# when one of many alerts was refused (api/v2/api.go); the sender of webhooks would send a whole group again on a 4xx.
_STATUSES = {"prometheus": (200, 400)}
_USUAL_STATUSES = (202, 207)


class Intake:
    """Takes bodies of one format."""

    def __init__(self, name: str, form: Format, writer: Writer, config: Config, apart: Apart) -> None:
        self._name = name
        self._lines_as = lines_as(form, name)
        # An entry is read again by the mapping, not by what reads its lines.
        self._also: dict[str, object] = {} if self._lines_as == name else {"mapping": name}
        self.statuses = _STATUSES.get(name, _USUAL_STATUSES)
        self._resolve_timeout_ms = config.resolve.timeout // timedelta(milliseconds=1)
        self.form = form
        self._writer = writer
        self._apart = apart
        self._topics = topics(config.kafka)
        self._partitions = config.kafka.partitions
        self._bounds = config.gateway.limits.bounds
        self._prefixes = tuple(prefix.encode() for prefix in header_prefixes(form))
        self._accepted = (name, "accepted")
        self._rejected = (name, "rejected")
        self._ignored = (name, "ignored")
        for key in (self._accepted, self._rejected, self._ignored):
            metrics.alerts.inc(key, 0)

    async def take(  # noqa: PLR0913 to put them into one costs every request
        self,
        body: bytes,
        limit: int | None,
        ingest_id: str,
        source: str,
        given: Mapping[bytes, bytes],
        *,
        waiter: Waiter | None = None,
    ) -> Reply:
        """Store what is valid and answer when Kafka has it.

        Args:
            body: The request's.
            limit: On the alerts of one request; None: no other than the body's size.
            ingest_id: A new one, 32 hex digits.
            source: Who sends it.
            given: The request's headers, their names in lower case.
            waiter: Whoever waits for what becomes of the alerts.

        Raises:
            RefusedError: 400 if nothing is valid, 503 if Kafka does not confirm.
        """
        accepted_ms = now_ms()
        headers = self._headers(given) if self._prefixes else NO_HEADERS
        received = Received(body, accepted_ms, headers, self._resolve_timeout_ms, self._bounds.json_depth)
        try:
            if len(body) <= LARGE_BYTES:
                webhook = self._read(received, limit)
            else:
                webhook = await self._apart.run(self._read, received, limit)
        except FormatError as error:
            raise self._unreadable(error, self._envelope(ingest_id, source, accepted_ms), received) from error
        if webhook.note or webhook.ignored:
            await self._heed(webhook)
        envelope = self._envelope(ingest_id, source, accepted_ms, webhook.receiver, webhook.group_key)
        if waiter is not None or b"traceparent" in given:
            envelope = _marked(envelope, waiter, given)
        if webhook.rejected:
            self._count_rejected(envelope, webhook, received)
        if waiter is not None:
            waiter.expects(webhook)
        answer, stored = self._answer(envelope, webhook), len(webhook.submissions)
        messages = await self._messages(envelope, webhook)
        del webhook  # ten times its bytes, and Kafka takes its time
        await self._store(messages)
        metrics.alerts.inc(self._accepted, stored)
        try:
            if isinstance(answer, RefusedError):
                raise answer
            return answer
        finally:
            del answer  # or it holds itself by its traceback, and the body with it

    def _unreadable(self, error: FormatError, envelope: Envelope, received: Received) -> RefusedError:
        if isinstance(error, LimitError):
            metrics.refused.labels(error.limit).inc()
        self._quarantine_quietly(envelope, _reason(str(error), error.faults), received)
        return RefusedError(400, "VALIDATION_ERROR", str(error), error.faults)

    def _count_rejected(self, envelope: Envelope, webhook: Webhook, received: Received) -> None:
        metrics.alerts.inc(self._rejected, len(webhook.rejected))
        if not webhook.submissions:
            faults = list(_faults(webhook.rejected))
            self._quarantine_quietly(envelope, _reason("no alert in it is valid", faults), received)
            raise RefusedError(400, "VALIDATION_ERROR", "no alert in it is valid", faults)

    async def _heed(self, webhook: Webhook) -> None:
        """What a webhook says beside its alerts, or without any."""
        metrics.alerts.inc(self._ignored, webhook.ignored)
        if webhook.confirm_url:
            await confirm(webhook.confirm_url, webhook.note)
        elif webhook.todo:
            log.warning("operator_asked", path=self._name, todo=webhook.todo)

    def _answer(self, envelope: Envelope, webhook: Webhook) -> Reply | RefusedError:
        """What to say once it is stored."""
        all_stored, some_stored = self.statuses
        if webhook.rejected and some_stored >= 400:
            return RefusedError(some_stored, "VALIDATION_ERROR", _stored(webhook), _faults(webhook.rejected))
        return _accepted(envelope, webhook, some_stored if webhook.rejected else all_stored)

    def _headers(self, given: Mapping[bytes, bytes]) -> dict[str, str]:
        """Those that a part of the format's meaning lies in."""
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in given.items()
            if name.startswith(self._prefixes)
        }

    def _envelope(
        self, ingest_id: str, source: str, accepted_ms: int, receiver: str = "", group_key: str = ""
    ) -> Envelope:
        return Envelope(ingest_id, self._lines_as, source, receiver, group_key, accepted_ms)

    def _read(self, received: Received, limit: int | None) -> Webhook:
        webhook = bounds.read(self.form, received)
        count = len(webhook.submissions) + len(webhook.rejected)
        if limit is not None and count > limit:
            fault = Fault("alerts", f"at most {limit} alerts a request, got {count}")
            raise LimitError("alerts", "too many alerts", fault)
        webhook, broken = self._bounds.hold(webhook)
        for name in broken:
            metrics.refused.labels(name).inc()
        return webhook

    async def _messages(self, envelope: Envelope, webhook: Webhook) -> list[Message]:
        if not webhook.submissions:
            return []
        if len(webhook.submissions) <= _MANY:
            return self._split(envelope, webhook)
        return await self._apart.run(self._split, envelope, webhook)

    async def _store(self, messages: list[Message]) -> None:
        if not messages:
            return
        try:
            await self._writer.write(messages)
        except KafkaError as error:
            raise unavailable(str(error)) from error

    def _split(self, envelope: Envelope, webhook: Webhook) -> list[Message]:
        messages = [
            Message(self._topics.webhooks, value, None, partition, (), envelope.accepted_ms)
            for partition, value in split(envelope, [*webhook.submissions, *webhook.own], self._partitions)
        ]
        if webhook.rejected:
            messages += self._quarantine(envelope, webhook.rejected)
        return messages

    def _quarantine(self, envelope: Envelope, rejected: list[Rejected]) -> Iterator[Message]:
        for position, faults, line in rejected[:_QUARANTINED_MAX]:
            reason = _reason("", faults)
            yield Message(self._topics.quarantine, from_gateway(envelope, position, reason, line, self._also))
        rest = rejected[_QUARANTINED_MAX:]
        if rest:
            reason = f"{len(rest)} more that are not valid, the first of them alerts[{rest[0].position}]"
            lines = b"\n".join(entry.line for entry in rest)
            yield Message(
                self._topics.quarantine, from_gateway(envelope, None, reason, lines, {"lines": len(rest), **self._also})
            )

    def _quarantine_quietly(self, envelope: Envelope, reason: str, received: Received) -> None:
        """Keep the evidence of a body that is refused; the sender is told anyway, so nobody waits for it."""

        def lost(error: str) -> None:
            metrics.evidence_lost.inc()
            log.warning("evidence_lost", ingest_id=envelope.id, reason=error)

        also = {**kept_headers(received.headers), **self._also}
        message = Message(self._topics.quarantine, from_gateway(envelope, None, reason, received.body, also))
        self._writer.write_unconfirmed(message, lost)


def _marked(envelope: Envelope, waiter: Waiter | None, given: Mapping[bytes, bytes]) -> Envelope:
    """The envelope with what few senders ask for."""
    trace = traceparent(given.get(b"traceparent", b"").decode("latin-1"))
    return envelope._replace(reply="" if waiter is None else waiter.address, traceparent=trace)


def _reason(what: str, faults: Iterable[Fault]) -> str:
    """What is wrong, with the first faults: those of a body can be ten thousands."""
    told = [str(fault) for fault in islice(faults, _FAULTS_TOLD)]
    return "; ".join(filter(None, (what, *told)))


def _faults(rejected: Iterable[Rejected]) -> Iterator[Fault]:
    return (fault for entry in rejected for fault in entry.faults)


def _stored(webhook: Webhook) -> str:
    stored, rejected = len(webhook.submissions), len(webhook.rejected)
    return f"stored {stored} of {stored + rejected}" + ("; the others are quarantined" if rejected else "")


def _accepted(envelope: Envelope, webhook: Webhook, status: int) -> Reply:
    """That it is stored, how much of it, and what is wrong with the rest."""
    stored, rejected = len(webhook.submissions), len(webhook.rejected)
    answer: dict[str, object] = {
        "status": "partial" if rejected else "accepted",
        "message": webhook.note or _stored(webhook),
        "ingest_id": envelope.id,
        "timestamp": rfc3339(envelope.accepted_ms),
        "alerts_summary": {
            "total_received": stored + rejected,
            "total_accepted": stored,
            "total_quarantined": rejected,
        },
    }
    if rejected:
        answer["details"] = details(_faults(webhook.rejected))
    return Reply(status, orjson.dumps(answer))
