"""What a body may hold beside alerts."""

from __future__ import annotations

import pytest

from alerts.crowd import check_entries
from alerts.errors import LimitError
from alerts.formats import prometheus
from alerts.json_text import loads
from alerts.webhook import Received

SHORTEST = b'{"status":"firing","labels":{"alertname":"A"},"startsAt":"2026-11-24T03:00:00Z"}'


def _list(entry: bytes, count: int) -> bytes:
    return b"[" + b",".join([entry] * count) + b"]"


@pytest.mark.parametrize("entry", [b"0", b"{}", b'"12345678"', b'{"labels":{}}'])
@pytest.mark.parametrize("size_bytes", [20_000, 200_000, 300_000])
def test_crowd_of_entries_that_are_no_alerts_is_refused_as_one(entry: bytes, size_bytes: int) -> None:
    alone = _list(entry, size_bytes // len(entry))
    for body in (alone, b'{"receiver":"r","alerts":' + alone + b"}"):
        with pytest.raises(LimitError, match="too many entries"):
            check_entries(loads(body), body)


def test_entries_of_a_small_body_are_refused_one_by_one() -> None:
    webhook = prometheus.read(Received(_list(b"0", 1000), 0))
    assert len(webhook.rejected) == 1000


@pytest.mark.parametrize("count", [180, 3000, 5000])
def test_shortest_alerts_are_never_too_many(count: int) -> None:
    webhook = prometheus.read(Received(_list(SHORTEST, count), 0))
    assert len(webhook.submissions) == count
