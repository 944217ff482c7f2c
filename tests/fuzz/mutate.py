"""Makes bodies that nobody should send out of those that somebody does; the same ones for the same random source."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import orjson
from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

BODY_MAX_BYTES = 512 * 1024

_NUMBERS = [b"1e999", b"-0", b"1" * 400, b"0.1e-400", b"9223372036854775808", b"-1", b"NaN", b"1E+", b"true"]
_WORDS = [
    b"null", b"{}", b"[]", b'""', b'"\\ud800"', b'"\\u0000"', b"\xff", b"\xc3\x28", b'"0001-01-01T00:00:00Z"',
    b'"9999-12-31T23:59:60+23:59"', b'"-1"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf", b",", b'"', b"}", b"]", b":", b"\\",
]  # fmt: skip
_TEXTS = ["", "\x00", "\u202e", "\ud7ff", "a" * 5000, "{{.}}", "\n", "firing", "resolved", "0001-01-01T00:00:00Z", "-"]


def body(random: Random, sample: bytes) -> bytes:
    """One changed body: bytes, structure, or both; at most `BODY_MAX_BYTES`."""
    changed = random.choice(_WAYS)(random, sample)
    if random.random() < 0.3:
        changed = random.choice(_WAYS)(random, changed)
    return changed[:BODY_MAX_BYTES]


def packed(random: Random, plain: bytes) -> tuple[bytes, bytes]:
    """A content-encoding and a body that may or may not be that."""
    name = random.choice([*_PACKS])
    made = _PACKS[name](plain)
    return name, random.choice(
        [made, made, made[: random.randrange(len(made))], _flipped(random, made), plain, made * 3, made + b"x", b""]
    )


def _flipped(random: Random, data: bytes) -> bytes:
    changed = bytearray(data or b"x")
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _cut(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.randint(1, 40) :]


def _truncated(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _doubled(random: Random, data: bytes) -> bytes:
    start = random.randrange(len(data) + 1)
    end = start + random.randint(1, 400)
    return data[:end] + data[start:end] * random.randint(1, 20) + data[end:]


def _spliced(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(_WORDS + _NUMBERS) + data[place + random.randint(0, 10) :]


def _nested(random: Random, data: bytes) -> bytes:
    depth = random.choice([10, 90, 110, 260, 1100, 20_000])
    place = max(data.find(b":", random.randrange(len(data) + 1)), 0) + 1
    opened, closed = random.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return data[:place] + opened * depth + b"1" + closed * depth + b"," + data[place:]


def _structural(random: Random, data: bytes) -> bytes:
    """A value in the tree is replaced, removed, repeated or renamed."""
    try:
        tree = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _flipped(random, data)
    for _ in range(random.randint(1, 4)):
        tree = _changed(random, tree)
    try:
        return orjson.dumps(tree)
    except TypeError:  # a surrogate alone, or too deep
        return data


def _changed(random: Random, value: object) -> object:
    if isinstance(value, dict) and value and random.random() < 0.85:
        key = random.choice(list(value))
        if random.random() < 0.15:
            return {name: part for name, part in value.items() if name != key}
        if random.random() < 0.1:
            return {**value, random.choice(_TEXTS): value[key]}
        return {**value, key: _changed(random, value[key])}
    if isinstance(value, list) and value and random.random() < 0.85:
        place = random.randrange(len(value))
        if random.random() < 0.1:
            return value * random.randint(2, 30)
        return [*value[:place], _changed(random, value[place]), *value[place + 1 :]]
    return random.choice([None, True, 0, -1, 1e300, 2**63 - 1, [], {}, [[]], {"": ""}, value, *_TEXTS])


_PACKS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"zstd": zstd.compress,
    b"deflate": zlib.compress,
}
_WAYS: list[Callable[[Random, bytes], bytes]] = [
    _flipped, _cut, _truncated, _doubled, _spliced, _spliced, _nested, _structural, _structural, _structural,
]  # fmt: skip
