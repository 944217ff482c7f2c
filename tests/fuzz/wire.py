"""What a fuzzing client sends over one bare connection: right requests, odd ones, and no requests at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.mutate import body as mutated
from tests.fuzz.mutate import packed
from tests.support.gateway import alert, webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.fuzz.corpus import Sample

_METHODS = [b"POST", b"POST", b"POST", b"PUT", b"GET", b"HEAD", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT"]
_PATHS = [
    b"/healthz", b"/readyz", b"/metrics", b"/openapi.json", b"/docs", b"/api/v2/status", b"/nothing", b"/", b"*",
    b"/webhook/proxy?wait=1", b"/webhook/proxy?wait=x", b"/webhook/proxy/", b"//webhook/proxy", b"/webhook/%70roxy",
    b"http://example.com/webhook/proxy", b"/webhook/proxy?" + b"a=b&" * 300, b"/" + b"x" * 9000, b"/\xff\xfe",
]  # fmt: skip
_TYPES = [
    b"application/json", b"application/json", b"application/json; charset=utf-8", b"application/cloudevents+json",
    b"text/plain", b"", b"\xff", b"application/json" * 50, b"multipart/form-data; boundary=x",
]  # fmt: skip
_HEADERS = [
    b"X-Request-ID: one", b"X-Request-ID: \xff\xfe", b"X-Request-ID: " + b"r" * 300, b"Expect: 100-continue",
    b"Connection: close", b"Connection: upgrade\r\nUpgrade: websocket", b"Upgrade: h2c", b"Prefer: wait=0",
    b"Prefer: wait=",
    b'Prefer: ,,;="', b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"traceparent: 00-x",
    b"X-Forwarded-For: 1.2.3.4, \x00", b"Authorization: Basic !!!", b"Authorization: Bearer " + b"t" * 5000,
    b"ce-id: 1\r\nce-source: s\r\nce-type: t\r\nce-specversion: 1.0", b"Cookie: " + b"c" * 2000,
    b"Accept: nothing/here",
    b"Range: bytes=0-1", b"If-Match: *", b"Content-Encoding: br", b"Content-Encoding: gzip, zstd", b"X-Empty:",
]  # fmt: skip
_POST = b"POST /webhook/proxy HTTP/1.1\r\nHost: x\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n"
_BROKEN = [
    b"\x00\x01\x02\x03", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /\r\n\r\n", b"POST /webhook/proxy HTTP/1.1\r\n\r\n", b"POST /webhook/proxy HTTP/9.9\r\nHost: x\r\n\r\n",
    b"\r\n\r\n\r\n\r\n", b"POST  /webhook/proxy  HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /webhook/proxy HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}",
    _POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    _POST + b"Content-Length: -1\r\n\r\n{}", _POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    _POST + b"Content-Length: 2, 2\r\n\r\n{}", _CHUNKED + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    _CHUNKED + b"\r\nffffffffffffffffff\r\n{}", _CHUNKED + b"\r\n-1\r\n{}\r\n0\r\n\r\n",
    _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /webhook/proxy HTTP/1.1\r\nHost : x\r\n\r\n", b"POST /webhook/proxy HTTP/1.1\r\n folded: x\r\n\r\n",
    _POST + b"A: b\r\n" * 400 + b"\r\n", _POST + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
    b"GET /healthz HTTP/1.0\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
]  # fmt: skip


class Sending(NamedTuple):
    """What goes over one connection."""

    data: bytes
    parts: int
    """In how many pieces."""
    answers: int
    """How many may come: then, or when nothing more comes, the client hangs up."""
    hangs_up: bool
    """At once, without having read."""


def sending(random: Random, samples: Sequence[Sample]) -> Sending:
    """One connection's worth."""
    way = random.choice(_WAYS)
    count = random.choice([1, 1, 1, 1, 2, 3, 8])
    data = b"".join(way(random, samples) for _ in range(count))
    if random.random() < 0.1:
        data = data[: random.randrange(len(data) + 1)]
    return Sending(data, random.choice([1, 1, 1, 2, 7]), count, hangs_up=random.random() < 0.05)


def _good(random: Random, _: Sequence[Sample]) -> bytes:
    number = f"{random.getrandbits(64):016x}"
    alerts = [alert(f"{number}-{place}") for place in range(random.choice([1, 1, 1, 5, 50]))]
    return _request(random, b"/v1/webhooks/alertmanager", webhook(*alerts), is_right=True)


def _sample(random: Random, samples: Sequence[Sample]) -> bytes:
    sample = random.choice(samples)
    return _request(random, random.choice(sample.paths).encode(), sample.body, is_right=True)


def _mutated(random: Random, samples: Sequence[Sample]) -> bytes:
    sample = random.choice(samples)
    changed = mutated(random, sample.body)
    return _request(random, random.choice(sample.paths).encode(), changed, is_right=random.random() < 0.7)


def _elsewhere(random: Random, samples: Sequence[Sample]) -> bytes:
    sample = random.choice(samples)
    path = random.choice([*_PATHS, *(path.encode() for path in random.choice(samples).paths)])
    return _request(random, path, sample.body if random.random() < 0.5 else b"", is_right=False)


def _compressed(random: Random, samples: Sequence[Sample]) -> bytes:
    sample = random.choice(samples)
    name, data = packed(random, sample.body)
    head = b"Content-Encoding: " + name
    return _request(random, random.choice(sample.paths).encode(), data, is_right=True, headers=[head])


def _no_request(random: Random, _: Sequence[Sample]) -> bytes:
    data = random.choice(_BROKEN)
    if random.random() < 0.5:
        place = random.randrange(len(data) + 1)
        data = data[:place] + random.randbytes(random.randint(0, 20)) + data[place + random.randint(0, 3) :]
    return data


def _request(random: Random, path: bytes, body: bytes, *, is_right: bool, headers: Sequence[bytes] = ()) -> bytes:
    method = b"POST" if is_right else random.choice(_METHODS)
    kind = b"application/json" if is_right else random.choice(_TYPES)
    more = [*headers, *([] if is_right else random.sample(_HEADERS, random.randint(0, 3)))]
    head = [method + b" " + path + b" HTTP/1.1", b"Host: winnow", b"Content-Type: " + kind, *more]
    if random.random() < 0.25:
        return b"\r\n".join([*head, b"Transfer-Encoding: chunked", b"", _chunks(random, body)])
    length = len(body) if is_right or random.random() < 0.8 else random.randint(0, 2 * len(body) + 5)
    return b"\r\n".join([*head, b"Content-Length: %d" % length, b"", body])


def _chunks(random: Random, body: bytes) -> bytes:
    size = random.choice([1, 7, 100, 5000]) if len(body) < 5000 else 8192
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    written = [b"%x%s\r\n%s\r\n" % (len(part), random.choice([b"", b"", b";a=b"]), part) for part in parts]
    return b"".join(written) + b"0\r\n" + random.choice([b"", b"", b"Trailer: x\r\n"]) + b"\r\n"


_WAYS: list[Callable[[Random, Sequence[Sample]], bytes]] = [
    _good, _good, _sample, _mutated, _mutated, _mutated, _elsewhere, _compressed, _no_request,
]  # fmt: skip
