"""An expiry is the alert's own line, resolved, under an id that is always the same."""

from __future__ import annotations

import pytest

from alerts.alert import Envelope, Status
from alerts.errors import FormatError
from alerts.expiry import Due, expiry
from alerts.formats import prometheus
from alerts.record import decode, open_alert, split
from alerts.webhook import Received
from tests.support.events import NOW_MS

BODY = b'[{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"},"annotations":{"summary":"s"}}]'
ENVELOPE = Envelope("f" * 32, "prometheus", "prom", "team", "{}:{}", NOW_MS)


def record() -> bytes:
    ((_, value),) = split(ENVELOPE, prometheus.read(Received(BODY, NOW_MS)).submissions, 1)
    return value


def due(line: int = 1, ends_ms: int = NOW_MS + 300_000) -> Due:
    return Due(0, 7, decode(record(), NOW_MS)[line].fingerprint, ends_ms)


def test_expiry_is_the_alert_resolved_when_it_ended() -> None:
    (ended,) = decode(expiry(record(), due()), 123)
    fired = decode(record(), NOW_MS)[1]
    assert ended.status is Status.RESOLVED
    assert ended[3:6] == fired[3:6]
    assert (ended.line, ended.fingerprint) == (fired.line, fired.fingerprint)
    assert ended.envelope == Envelope(ended.envelope.id, "prometheus", "prom", "team", "{}:{}", 123, due().ends_ms)
    alert = open_alert(ended)
    assert (alert.labels, alert.annotations) == ({"alertname": "B"}, {"summary": "s"})
    assert alert.ends_at == "2025-11-24T16:05:00.000Z"


def test_of_two_lines_of_the_alert_the_last_one_counts() -> None:
    twice = b'[{"labels":{"alertname":"A"}},{"labels":{"alertname":"A"},"annotations":{"summary":"newer"}}]'
    ((_, value),) = split(ENVELOPE, prometheus.read(Received(twice, NOW_MS)).submissions, 1)
    (ended,) = decode(expiry(value, due(line=0)), 123)
    assert open_alert(ended).annotations == {"summary": "newer"}


def test_id_belongs_to_alert_and_end() -> None:
    same = {expiry(record(), due()) for _ in range(3)}
    others = {expiry(record(), due(ends_ms=5)), expiry(record(), due(line=0))}
    assert len(same) == 1
    assert len({decode(value, 0)[0].id for value in same | others}) == 3


@pytest.mark.parametrize("value", [None, b"", b"x", b'{"v":1}'])
def test_record_that_is_gone_or_another_makes_none(value: bytes | None) -> None:
    with pytest.raises(FormatError):
        expiry(value, due())


def test_record_that_holds_no_such_alert_makes_none() -> None:
    with pytest.raises(FormatError):
        expiry(record(), due()._replace(fingerprint="0" * 16))


def test_record_that_says_that_it_is_resolved_makes_none() -> None:
    with pytest.raises(FormatError):
        expiry(expiry(record(), due()), due())


def test_record_that_was_sent_says_nothing_of_an_expiry() -> None:
    assert b"expired_ms" not in record()
