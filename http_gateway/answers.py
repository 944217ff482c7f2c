"""Answers: one shape for what went well, one for what did not (contract.md), and the headers of both."""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.instant import rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.webhook import Fault

DETAILS_MAX = 100
# A path in the body can be as long as the body: `labels` may have any names.
_FIELD_MAX_CHARS = 300

_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)

Headers = tuple[tuple[bytes, bytes], ...]


class Reply(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    body: bytes
    headers: Headers = ()


class RefusedError(Exception):
    """A request that is answered with an error of the contract."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Iterable[Fault] = (),
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = tuple(details)
        self.headers = headers

    def reply(self, request_id: str) -> Reply:
        """The error as contract.md shapes it; at most a hundred details, the first ones."""
        error = {
            "code": self.code,
            "message": str(self),
            "details": details(self.details),
            "timestamp": rfc3339(now_ms()),
            "request_id": request_id,
        }
        return Reply(self.status, orjson.dumps({"error": error}), self.headers)


def unavailable(message: str) -> RefusedError:
    """503: overload is never a 4xx, on which Alertmanager gives the notification up for this flush."""
    return RefusedError(503, "SERVICE_UNAVAILABLE", message, headers=((b"retry-after", b"1"),))


def details(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """The first hundred faults as contract.md shapes them."""
    return [{"field": field[:_FIELD_MAX_CHARS], "error": error} for field, error in islice(faults, DETAILS_MAX)]


def headers(request_id: str, started_ns: int) -> Headers:
    """The headers every answer has."""
    took_ms = (time.monotonic_ns() - started_ns) / 1e6
    return (
        (b"x-request-id", request_id.encode()),
        (b"x-processing-time", b"%.3fms" % took_ms),
        *_SECURITY,
    )


def request_id(sent: bytes | None) -> str | None:
    """The sender's own id, if it gave one that is short and printable."""
    if sent and len(sent) <= 128 and sent.isascii():
        text = sent.decode()
        if text.isprintable():
            return text
    return None


def new_id() -> str:
    """32 random hex digits."""
    return os.urandom(16).hex()


def now_ms() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
