"""Requests that go over a limit: refused by name, and counted."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from http_gateway import metrics
from http_gateway.answers import Headers, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config_limits import Limits
    from http_gateway.rates import Rates
    from http_gateway.senders.client import Address


class Gate:
    """What a request is held against before anything else is done with it."""

    def __init__(self, limits: Limits) -> None:
        self._requests = limits.requests
        self._headers = limits.headers
        self._header_bytes = limits.header_size
        self.under_way = 0
        """Requests that have begun and not ended; whoever calls `check` has counted its own."""

    def check(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Let a request pass.

        Raises:
            RefusedError: 503, too many are under way; 431, its headers are too many or too large.
        """
        if self.under_way > self._requests:
            headers_ = ((b"retry-after", b"1"),)
            raise over("requests", 503, "SERVICE_UNAVAILABLE", "too many requests are under way", headers_)
        if len(headers) > self._headers:
            raise _headers_too_large("headers", f"at most {self._headers} headers, got {len(headers)}")
        size_bytes = 0
        for name, value in headers:
            size_bytes += len(name) + len(value)
        if size_bytes > self._header_bytes:
            raise _headers_too_large("header_size", f"at most {self._header_bytes} bytes of headers, got {size_bytes}")


def check_rate(rates: Rates, address: Address | None) -> None:
    """Let a request of this address pass.

    Raises:
        RefusedError: 429, with `Retry-After`.
    """
    wait_s = rates.wait_s(address)
    if wait_s > 0:
        headers = ((b"retry-after", b"%d" % ceil(wait_s)),)
        raise over("rate", 429, "RATE_LIMIT_ERROR", "this client sends more than gateway.limits.rate allows", headers)


def too_large(reason: str, message: str) -> RefusedError:
    """413, counted."""
    return over(reason, 413, "PAYLOAD_TOO_LARGE", message)


def over(reason: str, status: int, code: str, message: str, headers: Headers = ()) -> RefusedError:
    """The error to raise, counted under the limit's name."""
    metrics.refused.labels(reason).inc()
    return RefusedError(status, code, message, headers=headers)


def _headers_too_large(reason: str, message: str) -> RefusedError:
    return over(reason, 431, "HEADERS_TOO_LARGE", message)
