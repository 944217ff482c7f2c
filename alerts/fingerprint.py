"""Who owns an alert: fingerprints as Prometheus computes them, identities, partitions."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson
from fnv_c import fnv1a_64

from alerts.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Mapping

# 31 MB with labels of 160 bytes (measured), about 40 with the usual 300; larger label sets are computed anew each time.
_KNOWN_MAX = 65536
_KNOWN_KEY_MAX_CHARS = 4096
_END = b"\xff"


def fingerprint(labels: Mapping[str, str]) -> str:
    """The fingerprint of the labels as given, empty values included: 16 lower-case hex digits.

    FNV-1a 64 over the names in the order of their UTF-8 bytes, each name and value followed by 0xff. Lone
    surrogates count as U+FFFD, which is what Go reads them as.

    Source: github.com/prometheus/common/blob/main/model/signature.go
    """
    # Text sorts by code point, which is the order of the UTF-8 bytes.
    try:
        parts = [part.encode() for name in sorted(labels) for part in (name, labels[name])]
    except UnicodeEncodeError:
        return fingerprint({without_surrogates(n): without_surrogates(v) for n, v in labels.items()})
    parts.append(b"")
    return f"{fnv1a_64(_END.join(parts)):016x}"


def identity(labels: Mapping[str, str], sent: str | None) -> str:
    """Who owns the alert: 16 lower-case hex digits.

    The fingerprint of the labels that are not empty, unless the sender gave a fingerprint of its own making:
    then a hash of both, so that neither hidden labels nor a constant let one alert swallow another.

    Args:
        labels: The alert's labels, as sent.
        sent: The fingerprint the sender gave, if any.
    """
    try:
        # As text: orjson's bytes keep the buffer they were written in, 4 KB each.
        key = orjson.dumps(labels).decode()
    except TypeError:  # lone surrogates, or a mapping that is no dict
        return _identity(labels, sent)
    if len(key) + len(sent or "") > _KNOWN_KEY_MAX_CHARS:
        return _identity(labels, sent)
    return _known_identity(key, sent)


def partition_of(fingerprint: str, partitions: int) -> int:
    """The partition an identity belongs to, from 0."""
    return int(fingerprint, 16) % partitions


@lru_cache(maxsize=_KNOWN_MAX)
def _known_identity(labels_json: str, sent: str | None) -> str:
    return _identity(orjson.loads(labels_json), sent)


def _identity(labels: Mapping[str, str], sent: str | None) -> str:
    kept = {name: value for name, value in labels.items() if value}
    own = fingerprint(kept)
    if not sent or sent.lower() == own or (len(kept) < len(labels) and sent.lower() == fingerprint(labels)):
        return own
    return blake2b(f"{own}/{without_surrogates(sent)}".encode(), digest_size=8).hexdigest()
