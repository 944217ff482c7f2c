"""The answers to who may not send: they tell nothing of why. The log and a metric do."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from http_gateway import metrics
from http_gateway.answers import RefusedError
from http_gateway.senders.credentials import BASIC, BEARER
from http_gateway.senders.failures import FREE_PER_MINUTE, Failures

if TYPE_CHECKING:
    from collections.abc import Collection

    from http_gateway.senders.client import Address
    from http_gateway.senders.credentials import Place

log = structlog.get_logger()

_CHALLENGES = {BEARER: b'Bearer realm="winnow"', BASIC: b'Basic realm="winnow", charset="UTF-8"'}
_CLOSE = (b"connection", b"close")
_SAID_EVERY_S = 60.0


class Reason(StrEnum):
    """Why a request is refused."""

    MISSING = "missing"
    """It carries nothing that a source could be known by."""
    WRONG = "wrong"
    EXPIRED = "expired"
    """It was signed at another time."""
    REPLAYED = "replayed"
    ADDRESS = "address"
    """A known source, from somewhere else."""
    PATH = "path"
    """A known source, to where it may not send."""


class Refusals:
    """Makes the answers."""

    def __init__(self, places: Collection[Place]) -> None:
        """`places` are those where sources carry their secrets."""
        # RFC 9110, section 11.6.1: a 401 says how to do better, where HTTP has a word for it.
        self._challenges = tuple(
            (b"www-authenticate", challenge) for place, challenge in _CHALLENGES.items() if place in places
        )
        self._failures = Failures()
        self._said_s: dict[tuple[str, Reason], float] = {}

    def misplaced(self, source: str, reason: Reason, address: Address | None) -> RefusedError:
        """403, for a known source."""
        metrics.unauthorized.labels(reason).inc()
        now_s = time.monotonic()
        if now_s - self._said_s.get((source, reason), -_SAID_EVERY_S) >= _SAID_EVERY_S:
            self._said_s[source, reason] = now_s
            log.warning("source_refused", source=source, reason=reason, address=str(address))
        return RefusedError(403, "AUTHORIZATION_ERROR", "its sender may not do this")

    async def unknown(self, reason: Reason, address: Address | None, **more: float) -> RefusedError:
        """401, for whoever it is; later, if the address has failed often. `more` is for the log."""
        metrics.unauthorized.labels(reason).inc()
        failures = self._failures.count(address)
        if failures in {1, FREE_PER_MINUTE + 1}:
            log.warning(
                "sender_refused", reason=reason, address=str(address), failures_within_a_minute=failures, **more
            )
        headers = self._challenges
        if failures > FREE_PER_MINUTE and not await self._failures.hold(address):
            # Who tries faster than that pays with a connection for each try.
            headers = (*headers, _CLOSE)
        return RefusedError(401, "AUTHENTICATION_ERROR", "its sender is not known", headers=headers)
