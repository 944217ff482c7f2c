"""Who owns an alert, computed anew and known already."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from alerts.fingerprint import fingerprint, identity, partition_of
from benchmarks.bodies import labels
from benchmarks.stage import Limit, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Bench

_COUNT = 1000


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit hashes the same text."""
    sets = [labels(number) for number in range(_COUNT)]
    texts = [orjson.dumps(one) for one in sets]
    limit = Limit("blake2b of the labels' JSON", lambda: [blake2b(text, digest_size=8).hexdigest() for text in texts])
    yield Stage(
        "fingerprint of labels", "alert", _COUNT, lambda: sum(len(fingerprint(one)) == 16 for one in sets), limit
    )
    yield Stage(
        "identity that is known", "alert", _COUNT, lambda: sum(len(identity(one, None)) == 16 for one in sets), limit
    )
    known = [identity(one, None) for one in sets]
    read = Limit("int of the same digits", lambda: [int(one, 16) for one in known])
    yield Stage(
        "partition of an identity", "alert", _COUNT, lambda: sum(partition_of(one, 32) < 32 for one in known), read
    )
