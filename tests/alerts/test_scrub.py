"""What is left of a record when its values may not be read."""

from __future__ import annotations

import pytest

from alerts.errors import FormatError
from alerts.record import decode, open_alert, split
from alerts.scrub import Scrub
from tests.support.events import ENVELOPE, submission
from tests.support.whole_flow import webhook

KEY = b"k" * 32


def record(*names: str, **labels: str) -> bytes:
    told = [submission("Disk", place, instance=name, **labels) for place, name in enumerate(names)]
    ((_, value),) = split(ENVELOPE, told, 1)
    return value


def test_no_value_is_left_but_those_that_are_kept() -> None:
    ((_, value),) = [(one.partition, one.value) for one in webhook(
        {
            "status": "resolved",
            "labels": {"alertname": "Disk", "severity": "critical", "host": "secret-host", "team": "shop"},
            "annotations": {"summary": "secret-text"},
            "startsAt": "2025-11-24T15:59:00Z", "endsAt": "2025-11-24T16:00:00Z", "generatorURL": "http://secret-url",
        }
    )]  # fmt: skip
    scrubbed = Scrub(KEY, ["team"])(value)
    assert b"secret" not in scrubbed
    assert b"{}:{}" not in scrubbed
    (alert,) = map(open_alert, decode(scrubbed, 0))
    assert {name: alert.labels[name] for name in ("alertname", "severity", "team")} == {
        "alertname": "Disk", "severity": "critical", "team": "shop",
    }  # fmt: skip
    assert (alert.status, alert.starts_at, alert.ends_at) == (
        "resolved", "2025-11-24T15:59:00Z", "2025-11-24T16:00:00Z",
    )  # fmt: skip
    assert set(alert.labels) == {"alertname", "severity", "team", "host"}
    assert set(alert.annotations) == {"summary"}


def test_equal_stays_equal_and_different_stays_different() -> None:
    scrub = Scrub(KEY)
    first = decode(scrub(record("a", "b", "a", job="a")), 0)
    again = decode(scrub(record("a")), 0)
    labels = [open_alert(one).labels for one in first]
    assert labels[0]["instance"] == labels[2]["instance"] == labels[0]["job"] != labels[1]["instance"]
    assert first[0].fingerprint == first[2].fingerprint != first[1].fingerprint
    assert open_alert(again[0]).labels["instance"] == labels[0]["instance"]
    assert [one.id for one in first] == [f"{ENVELOPE.id}-{place}" for place in range(3)]


def test_another_key_gives_other_values() -> None:
    assert Scrub(KEY)(record("a")) != Scrub(b"other")(record("a"))


def test_empty_value_stays_empty() -> None:
    (alert,) = map(open_alert, decode(Scrub(KEY)(record("a", job="")), 0))
    assert alert.labels.get("job", "") == ""


@pytest.mark.parametrize("value", [b"", b"garbage", b'{"v":2,"kind":"retry","letter":"a/0/0","newest_ms":null}\n{}'])
def test_what_cannot_be_read_is_refused(value: bytes) -> None:
    with pytest.raises(FormatError):
        Scrub(KEY)(value)
