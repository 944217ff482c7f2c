"""The answers to who may not send: they tell nothing of why. The log and a metric do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from http_gateway import metrics
from http_gateway.answers import RefusedError
from http_gateway.senders.credentials import BASIC, BEARER
from http_gateway.senders.failures import FREE_PER_MINUTE, Failures, whole
from http_gateway.senders.told import Told

if TYPE_CHECKING:
    from collections.abc import Collection

    from http_gateway.senders.credentials import Place
    from http_gateway.senders.guard import Facts

log = structlog.get_logger()

_CHALLENGES = {BEARER: b'Bearer realm="winnow"', BASIC: b'Basic realm="winnow", charset="UTF-8"'}
_CLOSE = (b"connection", b"close")
_PATH_MAX_CHARS = 200


class Reason(StrEnum):
    """Why a request is refused."""

    MISSING = "missing"
    """It carries nothing that a source could be known by."""
    WRONG = "wrong"
    EXPIRED = "expired"
    """It was signed at another time."""
    REPLAYED = "replayed"
    ADDRESS = "address"
    """A known source, or one that would have to sign, from somewhere else."""
    PATH = "path"
    """A known source, or one that would have to sign, to where it may not send."""


class Refusals:
    """Makes the answers."""

    def __init__(self, places: Collection[Place]) -> None:
        """`places` are those where sources carry their secrets."""
        # RFC 9110, section 11.6.1: a 401 says how to do better, where HTTP has a word for it.
        self._challenges = tuple(
            (b"www-authenticate", challenge) for place, challenge in _CHALLENGES.items() if place in places
        )
        self._failures = Failures()
        self._told = Told()
        # Apart, so that no stranger uses up the lines of those who are known.
        self._told_of_sources = Told()

    def misplaced(self, source: str, reason: Reason, facts: Facts) -> RefusedError:
        """403, for a known source."""
        metrics.unauthorized.labels(reason).inc()
        if self._told_of_sources.is_due((source, reason, whole(facts.address), facts.path)):
            log.warning("source_refused", source=source, reason=reason, **_request(facts))
        return RefusedError(403, "AUTHORIZATION_ERROR", "its sender may not do this")

    async def unknown(self, reason: Reason, facts: Facts, **more: object) -> RefusedError:
        """401, for whoever it is; later, if the address has failed often. `more` is for the log."""
        metrics.unauthorized.labels(reason).inc()
        failures = self._failures.count(facts.address)
        is_due = self._told.is_due((reason, whole(facts.address), facts.path))
        if is_due or failures == FREE_PER_MINUTE + 1:
            log.warning("sender_refused", reason=reason, failures_within_a_minute=failures, **_request(facts), **more)
        headers = self._challenges
        if failures > FREE_PER_MINUTE and not await self._failures.hold(facts.address):
            # Who tries faster than that pays with a connection for each try.
            headers = (*headers, _CLOSE)
        return RefusedError(401, "AUTHENTICATION_ERROR", "its sender is not known", headers=headers)


def _request(facts: Facts) -> dict[str, str]:
    """Where it came from and went to, without its query, which may hold a token."""
    return {"address": str(facts.address), "path": facts.path[:_PATH_MAX_CHARS], "request_id": facts.request_id}
