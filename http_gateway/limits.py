"""Requests that go over a limit: refused by name, and counted."""

from __future__ import annotations

from http_gateway import metrics
from http_gateway.answers import Headers, RefusedError


def too_large(reason: str, message: str) -> RefusedError:
    """413, counted."""
    return over(reason, 413, "PAYLOAD_TOO_LARGE", message)


def over(reason: str, status: int, code: str, message: str, headers: Headers = ()) -> RefusedError:
    """The error to raise, counted under the limit's name."""
    metrics.refused.labels(reason).inc()
    return RefusedError(status, code, message, headers=headers)
