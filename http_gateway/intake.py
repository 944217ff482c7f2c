"""One request body -> records in Kafka, and the answer that says so."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from alerts.alert import Envelope
from alerts.errors import FormatError, KafkaError
from alerts.formats import Format
from alerts.instant import rfc3339
from alerts.quarantine import from_gateway
from alerts.record import ALERT_MAX_BYTES, split
from alerts.webhook import Fault, Rejected, Submission, Webhook
from connectors.kafka.topics import Topics
from connectors.request import Message
from http_gateway import metrics
from http_gateway.answers import RefusedError, Reply, new_id, now_ms, unavailable
from http_gateway.writer import Writer


class Intake:
    """Takes bodies of one format."""

    def __init__(self, name: str, form: Format, writer: Writer, topics: Topics, partitions: int) -> None:
        self._name = name
        self._format = form
        self._writer = writer
        self._topics = topics
        self._partitions = partitions

    async def take(self, body: bytes, limit: int | None) -> Reply:
        """Store what is valid and answer when Kafka has it; `limit` is on the alerts of one request.

        Raises:
            RefusedError: 400 if nothing is valid, 503 if Kafka does not confirm.
        """
        accepted_ms = now_ms()
        envelope = Envelope(new_id(), self._name, "default", "", "", accepted_ms)
        try:
            webhook = self._read(body, limit)
        except FormatError as error:
            self._quarantine_quietly(envelope, str(error), body)
            raise RefusedError(400, "VALIDATION_ERROR", str(error), error.faults) from error
        envelope = envelope._replace(receiver=webhook.receiver, group_key=webhook.group_key)
        metrics.alerts.labels(self._name, "rejected").inc(len(webhook.rejected))
        if not webhook.submissions:
            self._quarantine_quietly(envelope, "no alert in it is valid", body)
            raise RefusedError(400, "VALIDATION_ERROR", "no alert in it is valid", _faults(webhook.rejected))
        await self._store(envelope, webhook)
        metrics.alerts.labels(self._name, "accepted").inc(len(webhook.submissions))
        return _accepted(envelope, webhook)

    def _read(self, body: bytes, limit: int | None) -> Webhook:
        webhook = self._format.read(body)
        count = len(webhook.submissions) + len(webhook.rejected)
        if limit is not None and count > limit:
            fault = Fault("alerts", f"at most {limit} alerts a request, got {count}")
            raise FormatError("too many alerts", faults=(fault,))
        if any(len(submission.line) > ALERT_MAX_BYTES for submission in webhook.submissions):
            return _without_giants(webhook)
        return webhook

    async def _store(self, envelope: Envelope, webhook: Webhook) -> None:
        messages = [
            Message(self._topics.webhooks, value, partition=partition, timestamp_ms=envelope.accepted_ms)
            for partition, value in split(envelope, webhook.submissions, self._partitions)
        ]
        for position, faults, line in webhook.rejected:
            reason = "; ".join(f"{fault.field}: {fault.error}" for fault in faults)
            messages.append(
                Message(self._topics.quarantine, from_gateway(envelope, position, reason, line))
            )
        try:
            await self._writer.write(messages)
        except KafkaError as error:
            raise unavailable(str(error)) from error

    def _quarantine_quietly(self, envelope: Envelope, reason: str, body: bytes) -> None:
        """Keep the evidence of a body that is refused; the sender is told anyway, so nobody waits for it."""
        self._writer.write_unconfirmed(Message(self._topics.quarantine, from_gateway(envelope, None, reason, body)))


def _without_giants(webhook: Webhook) -> Webhook:
    """The webhook, its alerts that no broker would take moved to the rejected."""
    kept: list[Submission] = []
    rejected = list(webhook.rejected)
    for submission in webhook.submissions:
        if len(submission.line) <= ALERT_MAX_BYTES:
            kept.append(submission)
            continue
        error = f"at most {ALERT_MAX_BYTES} bytes an alert, got {len(submission.line)}"
        name = submission.labels["alertname"][:100]
        fault = Fault(f"alerts[{submission.position}]", f"{error} ({name})")
        rejected.append(Rejected(submission.position, (fault,), submission.line))
    return webhook._replace(submissions=kept, rejected=rejected)


def _faults(rejected: Iterable[Rejected]) -> list[Fault]:
    return [fault for entry in rejected for fault in entry.faults]


def _accepted(envelope: Envelope, webhook: Webhook) -> Reply:
    """202; or 207 if some of its alerts were not valid."""
    stored, rejected = len(webhook.submissions), len(webhook.rejected)
    answer: dict[str, object] = {
        "status": "partial" if rejected else "accepted",
        "message": f"{stored} alerts stored" + (f", {rejected} not valid and quarantined" if rejected else ""),
        "ingest_id": envelope.id,
        "timestamp": rfc3339(envelope.accepted_ms),
        "alerts_summary": {
            "total_received": stored + rejected,
            "total_accepted": stored,
            "total_quarantined": rejected,
        },
    }
    if rejected:
        answer["details"] = [{"field": fault.field, "error": fault.error} for fault in _faults(webhook.rejected)[:100]]
    return Reply(207 if rejected else 202, orjson.dumps(answer))
