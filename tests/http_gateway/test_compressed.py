"""Bodies that come compressed: taken, or refused at their limits without having been expanded."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from alerts.errors import FormatError
from http_gateway.encoding import expand
from tests.support.gateway import alert, webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.gateway import Gateway

LIMIT_BYTES = 64 * 1024
SENT_BYTES = 8 * 1024
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "zstd": zstd.compress}
BODY = webhook(alert())
MANY = webhook(*(alert(f"i{number}") for number in range(200)))


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {
        "max_body": f"{LIMIT_BYTES}B",
        "max_alerts_per_request": 1000,
        "limits": {"compressed_body": f"{SENT_BYTES}B"},
    }


def refusals(running: Gateway, reason: str) -> float:
    """How many requests were refused for it."""
    return running.metric(f'winnow_gateway_refused_total{{reason="{reason}"}}')


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("body", [BODY, MANY], ids=["one alert", "many alerts"])
def test_compressed_body_is_stored_as_if_it_had_come_plain(running: Gateway, coding: str, body: bytes) -> None:
    plain, packed = running.post(body), running.post(COMPRESS[coding](body), content_encoding=coding)
    assert (plain.status_code, packed.status_code) == (202, 202), packed.text
    stored = [running.webhooks(answer.json()["ingest_id"]) for answer in (plain, packed)]
    assert [record.alerts for record in stored[0]] == [record.alerts for record in stored[1]]


def test_encoding_may_be_written_in_capitals_and_identity_means_none(running: Gateway) -> None:
    assert running.post(gzip.compress(BODY), content_encoding="GZIP").status_code == 202
    assert running.post(BODY, content_encoding="identity").status_code == 202


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "gzip, zstd", "compress", "?"])
def test_unknown_encoding_is_answered_415_and_told_which_are_known(running: Gateway, coding: str) -> None:
    response = running.post(BODY, content_encoding=coding)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip, zstd")
    assert response.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[:-5],
        lambda body: body[:30] + b"\xff" * 9 + body[39:],
        lambda body: body + b"{}",
        lambda _: BODY,
    ],
    ids=["cut off", "broken", "something behind it", "plain"],
)
def test_broken_compression_is_answered_400(running: Gateway, coding: str, spoil: Callable[[bytes], bytes]) -> None:
    response = running.post(spoil(COMPRESS[coding](MANY)), content_encoding=coding)
    assert response.status_code == 400
    assert coding in response.json()["error"]["message"]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_body_that_expands_beyond_the_limit_is_answered_413_and_counted(running: Gateway, coding: str) -> None:
    compress = COMPRESS[coding]
    before = refusals(running, "expanded_body")
    at_the_limit = BODY + b" " * (LIMIT_BYTES - len(BODY))
    assert running.post(compress(at_the_limit), content_encoding=coding).status_code == 202
    response = running.post(compress(at_the_limit + b" "), content_encoding=coding)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert "expanded" in response.json()["error"]["message"]
    assert refusals(running, "expanded_body") == before + 1


def test_compressed_body_over_its_own_limit_is_answered_413(running: Gateway) -> None:
    stored = zlib.compressobj(0, wbits=31)  # not compressed at all, inside gzip
    body = stored.compress(b" " * SENT_BYTES) + stored.flush()
    before = refusals(running, "body")
    assert running.post(body, content_encoding="gzip").status_code == 413
    assert refusals(running, "body") == before + 1


@pytest.mark.parametrize("coding", [b"gzip", b"zstd"])
def test_bomb_takes_no_more_memory_than_the_limit(coding: bytes) -> None:
    bomb = COMPRESS[coding.decode()](bytes(256 * 1024**2))
    tracemalloc.start()
    try:
        assert expand(coding, bomb, 1024**2) is None
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Python's decompressors grow what they return by half at a time: the last step can hold it twice.
    assert peak_bytes < 3 * 1024**2


def test_crowd_of_empty_members_is_refused() -> None:
    with pytest.raises(FormatError, match="more than 100 pieces"):
        expand(b"gzip", gzip.compress(b"") * 100_000, 1000)


def test_window_of_gigabytes_is_refused() -> None:
    wide = zstd.compress(
        bytes(64 * 1024**2),
        options={zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0},
    )
    with pytest.raises(FormatError, match="zstd"):
        expand(b"zstd", wide, 1024**3)
