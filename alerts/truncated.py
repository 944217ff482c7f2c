"""Winnow's own warning that a sender left alerts out of a notification, which it says by a number only."""

from __future__ import annotations

from hashlib import blake2b

import orjson

from alerts.alert import Status
from alerts.instant import rfc3339
from alerts.webhook import Submission

NAME = "WinnowAlertsTruncated"
# Alertmanager says the same again after repeat_interval, four hours by default; an hour later it is no longer so.
HOLDS_MS = 5 * 3600 * 1000
_TEXT_MAX_CHARS = 500


def warning(position: int, count: int, receiver: str, group_key: str, now_ms: int) -> Submission:
    """A firing alert that holds for five hours, as a line that every format with `labels` and `annotations` opens.

    Args:
        position: Behind the alerts that were sent.
        count: How many were left out.
        receiver: As the sender calls it.
        group_key: Of the notification.
        now_ms: When it came.
    """
    labels = {
        "alertname": NAME,
        "severity": "warning",
        "receiver": receiver[:_TEXT_MAX_CHARS],
        "group": blake2b(group_key.encode("utf-8", "replace"), digest_size=6).hexdigest(),
    }
    annotations = {
        "summary": f"{count} alerts were left out of a notification to {receiver[:_TEXT_MAX_CHARS]}",
        "description": f"{count} alerts of the group {group_key[:_TEXT_MAX_CHARS]} were cut off by max_alerts of that "
        "webhook receiver, and Winnow never saw them. Set max_alerts: 0 there, and let Winnow group and limit.",
    }
    starts_at, ends_at = rfc3339(now_ms), rfc3339(now_ms + HOLDS_MS)
    entry = {"status": "firing", "labels": labels, "annotations": annotations, "startsAt": starts_at, "endsAt": ends_at}
    return Submission(position, labels, Status.FIRING, starts_at, ends_at, "", orjson.dumps(entry))
