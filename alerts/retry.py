"""A dead letter that is to be sent once more, as it lies in the webhooks topic among the webhooks.

Two lines of JSON, the second a delivery as `alerts.delivery_json` writes it:

    {"v":2,"kind":"retry","letter":"<topic>/<partition>/<offset>","newest_ms":int or null}

A Winnow that does not know it puts it into the quarantine for its version. Every record that a `retry` writes, this one
or another, has the Kafka header `RETRY_OF` with the place of what it is a retry of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.delivery_json import from_plain, to_plain
from alerts.errors import FormatError

if TYPE_CHECKING:
    from alerts.decision import Delivery

RETRY_OF = "winnow-retry-of"
"""Name of the Kafka header; its value is the place, `<topic>/<partition>/<offset>`."""

# One comparison tells it from a webhook's record, which is all that those are asked (flows/steps/convert.py).
_MARK = b'{"v":2,"kind":"retry",'
_PLACE = re.compile(r"[\w.-]{1,249}/(\d{1,9})/(\d{1,18})", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_TEXT_MAX_CHARS = 8192


class Retry(NamedTuple):
    """One dead letter on its way back."""

    letter: str
    """Where it lies: `<topic>/<partition>/<offset>`."""
    newest_ms: int | None
    """The flow's time at the newest event of its alert that whoever retried it knew of; None: send it whatever came."""
    delivery: Delivery


def place(topic: str, partition: int, offset: int) -> str:
    """A place as text."""
    return f"{topic}/{partition}/{offset}"


def place_number(text: str) -> int:
    """A place as a number, the topic left out; differs between places.

    Raises:
        FormatError: Not a place.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        raise FormatError("a place is not <topic>/<partition>/<offset>")
    return int(found[1]) << 60 | int(found[2])


def is_retry(value: bytes) -> bool:
    """Whether a record of the webhooks topic is a retry."""
    return value.startswith(_MARK)


def encode(retry: Retry) -> bytes:
    """The record's value."""
    header = {"v": 2, "kind": "retry", "letter": retry.letter, "newest_ms": retry.newest_ms}
    return orjson.dumps(header) + b"\n" + orjson.dumps(to_plain(retry.delivery))


def decode(value: bytes) -> Retry:
    """The retry that `encode` was given.

    Raises:
        FormatError: Something else.
    """
    head, _, line = value.partition(b"\n")
    try:
        header = orjson.loads(head)
        retry = Retry(header["letter"], header["newest_ms"], from_plain(orjson.loads(line)))
        place_number(retry.letter)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise FormatError(f"not a retry: {type(error).__name__}: {error}") from error
    if not _is_sound(retry):
        raise FormatError("not a retry: a value is not of the type or size that a dead letter has")
    return retry


def _is_sound(retry: Retry) -> bool:
    """Whether what the flow counts on is what it was when the letter was written."""
    delivery = retry.delivery
    alert = delivery.alert
    texts = (delivery.id, delivery.target, delivery.transition, alert.fingerprint, alert.id, alert.name)
    return (
        all(type(text) is str and len(text) <= _TEXT_MAX_CHARS for text in texts)
        and _FINGERPRINT.fullmatch(alert.fingerprint) is not None
        and type(alert.envelope.accepted_ms) is int
        and type(retry.newest_ms) in {int, type(None)}
    )
