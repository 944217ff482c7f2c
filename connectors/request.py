"""What a target's renderer returns, what comes back, and how it is judged."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

REPLAYED = "winnow-replayed"
"""The header, of HTTP and of Kafka, whose value `true` says that a notification was sent by `winnow replay --send`."""


class Request(NamedTuple):
    """One HTTP request, ready to be sent. Its URL and headers may hold secrets: never log them."""

    url: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    method: str = "POST"


class Message(NamedTuple):
    """One Kafka message, ready to be produced."""

    topic: str
    value: bytes
    key: bytes | None = None
    partition: int | None = None
    """None: by the key."""
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None
    """None: the producer's clock."""


class Answer(NamedTuple):
    """What a target answered."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    """At most the first 64 KiB."""


class Judgement(StrEnum):
    """What an answer means for the delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """The target may take it later: 408, 429, 5xx."""
    REFUSED = "refused"
    """The target will never take it as it is: other 4xx, any 3xx (redirects are not followed)."""


class Sent(NamedTuple):
    """What became of one try."""

    judgement: Judgement
    status: int | None
    """The target's HTTP status; None if it did not answer."""
    error: str
    """Fit to be shown: no URL, no token; empty when delivered."""
    retry_after_ms: int = 0
    """How long the target asks to be left alone; 0: it does not say."""
    took_ms: float = 0.0
    """From the beginning of the try to its end."""


def judge(answer: Answer) -> Judgement:
    """What an answer means by its status alone: for targets whose statuses tell the truth."""
    if 200 <= answer.status < 300:
        return Judgement.DELIVERED
    if answer.status in {408, 429} or answer.status >= 500:
        return Judgement.RETRY
    return Judgement.REFUSED
