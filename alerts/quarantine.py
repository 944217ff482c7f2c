"""What nobody could read, kept with the reason: values of the quarantine topic."""

from __future__ import annotations

import base64
import codecs
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.alert import Envelope

VERSION = 1
# A record must stay below what brokers take (1 MiB), also as base64 with the reason beside it.
EVIDENCE_MAX_BYTES = 256 * 1024
# Those of a CloudEvent have a few hundred bytes; HTTP servers take no more than this in all.
HEADERS_MAX_CHARS = 64 * 1024
_NOTHING: Mapping[str, object] = MappingProxyType({})


def evidence(body: bytes) -> dict[str, object]:
    """A body as JSON can hold it: text if it is UTF-8, else base64; cut, but with its true size and hash.

    Text that JSON would have to escape to more than twice its size, such as zeros, is base64 too.
    """
    kept = body[:EVIDENCE_MAX_BYTES]
    facts: dict[str, object] = {"body_bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    try:
        # Not final where it was cut: half a character at the end is no reason for base64.
        text, _ = codecs.utf_8_decode(kept, "strict", len(kept) == len(body))
    except UnicodeDecodeError:
        pass
    else:
        if len(orjson.dumps(text)) <= 2 * len(kept) + 2:
            return {**facts, "body": text}
    return {**facts, "body_base64": base64.b64encode(kept).decode()}


def body_of(row: Mapping[str, Any]) -> bytes | None:
    """The body of an entry; None if only a part of it was kept.

    Raises:
        FormatError: The entry has no body.
    """
    try:
        body = row["body"].encode() if "body" in row else base64.b64decode(row["body_base64"], validate=True)
        return body if len(body) == row["body_bytes"] else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"no evidence in it: {type(error).__name__}") from error


def from_gateway(
    envelope: Envelope, position: int | None, reason: str, body: bytes, also: Mapping[str, object] = _NOTHING
) -> bytes:
    """One alert of a webhook, or a whole body (position None), that the gateway could not use.

    `also` holds `lines` if the body is some alerts of one, a line each: how many; `headers` if a part of the body's
    meaning lies in them.
    """
    return orjson.dumps(
        {
            "v": VERSION,
            "by": "gateway",
            "reason": reason[:2000],
            # When it is read again, nobody waits any more.
            **envelope._replace(reply="").plain(),
            "position": position,
            **also,
            **evidence(body),
        }
    )


def kept_headers(headers: Mapping[str, str]) -> dict[str, object]:
    """Headers as an entry keeps them; nothing of too many, for half of them would mean something else."""
    size_chars = sum(len(name) + len(value) for name, value in headers.items())
    return {"headers": dict(headers)} if headers and size_chars <= HEADERS_MAX_CHARS else {}


def headers_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The headers an entry was kept with.

    Raises:
        FormatError: They are no headers.
    """
    headers = row.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise FormatError("its headers are no names with text")
    return headers


def from_flow(place: tuple[str, int, int], accepted_ms: int, reason: str, body: bytes) -> bytes:
    """A record, or a line of one, that the flow could not read; `place` is topic, partition, offset."""
    topic, partition, offset = place
    return orjson.dumps(
        {
            "v": VERSION,
            "by": "flow",
            "reason": reason[:2000],
            "accepted_ms": accepted_ms,
            "topic": topic,
            "partition": partition,
            "offset": offset,
            **evidence(body),
        }
    )
