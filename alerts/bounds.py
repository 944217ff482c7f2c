"""Reads a body within bounds: no alert too large for brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.record import ALERT_MAX_BYTES
from alerts.webhook import Fault, Rejected, Submission

if TYPE_CHECKING:
    from alerts.formats import Format
    from alerts.webhook import Received, Webhook


def read(form: Format, received: Received) -> Webhook:
    """The alerts of a request; those that no broker would take are among the rejected.

    Raises:
        FormatError: Nothing in it can be used.
    """
    webhook = form.read(received)
    # A line can be longer than it came (`1e9`, broken UTF-8), but not eight times.
    return without_giants(webhook) if len(received.body) > ALERT_MAX_BYTES // 8 else webhook


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
