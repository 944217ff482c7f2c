"""Reads a body within bounds: no crowds of entries that are no alerts, no alert too large for brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.errors import LimitError
from alerts.formats import counts_itself
from alerts.json_text import loads
from alerts.record import ALERT_MAX_BYTES
from alerts.webhook import Fault, Rejected, Submission

if TYPE_CHECKING:
    from alerts.formats import Format
    from alerts.webhook import Received, Webhook

# An alert's status, name and start alone take more, in any format.
ENTRY_MIN_BYTES = 60
# Below, every entry can be refused by name: 200 ms. Above, a body is read twice if it has more commas than alerts have
# (of the shortest, one in 26 bytes), for that costs a tenth of what its alerts do; a large one in any case.
_SMALL_BYTES, _COMMA_MIN_BYTES = 16 * 1024, 20
_LARGE_BYTES = 256 * 1024


def read(form: Format, received: Received) -> Webhook:
    """The alerts of a request; those that no broker would take are among the rejected.

    Raises:
        FormatError: Nothing in it can be used.
    """
    if len(received.body) >= _SMALL_BYTES and not counts_itself(form):
        check_entries(received.body)
    webhook = form.read(received)
    # A line can be longer than it came (`1e9`, broken UTF-8), but not eight times.
    return without_giants(webhook) if len(received.body) > ALERT_MAX_BYTES // 8 else webhook


def check_entries(body: bytes) -> None:
    """Refuse a body with more entries in a list than it could hold alerts.

    Ten MiB can hold five million entries; to say what is wrong with each takes minutes and all memory there is. For
    those of a quarter of a MiB it takes two seconds, in which nobody else is answered.

    Raises:
        FormatError: It has; or it is no JSON.
    """
    if len(body) < _LARGE_BYTES and body.count(b",") * _COMMA_MIN_BYTES < len(body):
        return
    value = loads(body)
    fields = value if isinstance(value, dict) else {"": value}
    most = len(body) // ENTRY_MIN_BYTES
    for name, field in fields.items():
        if isinstance(field, list) and len(field) > most:
            fault = Fault(name, f"{len(field)} entries in {len(body)} bytes cannot be alerts")
            raise LimitError("entries", "too many entries", fault)


def without_giants(webhook: Webhook) -> Webhook:
    """The webhook, its alerts that no broker would take moved to the rejected."""
    kept: list[Submission] = []
    rejected = list(webhook.rejected)
    for submission in webhook.submissions:
        if len(submission.line) <= ALERT_MAX_BYTES:
            kept.append(submission)
            continue
        name = submission.labels.get("alertname", "")[:100]
        error = f"at most {ALERT_MAX_BYTES} bytes an alert, got {len(submission.line)} ({name})"
        fault = Fault(f"alerts[{submission.position}]", error)
        rejected.append(Rejected(submission.position, (fault,), submission.line))
    return webhook._replace(submissions=kept, rejected=rejected)
