"""Bad input: nothing but a FormatError comes out, and a bad alert never takes a good one along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.entry import LABELS_MAX
from alerts.errors import FormatError
from alerts.fingerprint import fingerprint, identity
from alerts.formats.alertmanager import content
from alerts.record import split
from tests.support.events import ENVELOPE, STARTS_AT, read

if TYPE_CHECKING:
    from alerts.webhook import Webhook

TEN_MIB = 10 * 1024**2
GOOD: dict[str, Any] = {"status": "firing", "labels": {"alertname": "Good"}, "startsAt": STARTS_AT}


def _beside_a_good_one(entry: bytes) -> Webhook:
    """A webhook of one strange alert and then a good one."""
    return read(b'{"receiver": "team", "alerts": [' + entry + b"," + json.dumps(GOOD).encode() + b"]}")


def _alert(labels: bytes = b'{"alertname": "Bad"}', more: bytes = b"") -> bytes:
    return b'{"status": "firing", "startsAt": "' + STARTS_AT.encode() + b'", "labels": ' + labels + more + b"}"


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"hello", b"<xml/>", b"\x00" * 100, b"\xff\xfe", b"NaN",
             b'{"receiver": "x", "alerts": [NaN]}'],
)  # fmt: skip
def test_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError, match="not JSON"):
        read(body)


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b"7", b'"text"', b"true", b"[{}]"])
def test_json_that_is_no_webhook_is_refused_with_faults(body: bytes) -> None:
    with pytest.raises(FormatError) as raised:
        read(body)
    assert raised.value.faults


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", ["expected an object ({...}), got a list"]),
        (b"null", ["expected an object ({...}), got null"]),
        (b'{"receiver": "x", "alerts": []}', ["alerts: expected at least one alert, got none"]),
        (b'{"receiver": "", "alerts": {}}', ["alerts: expected a list ([...]), got an object",
                                             "receiver: expected text that is not empty, got ''"]),
    ],
)  # fmt: skip
def test_faults_of_a_body_speak_of_json_and_of_no_class(body: bytes, told: list[str]) -> None:
    with pytest.raises(FormatError) as raised:
        read(body)
    assert [str(fault) for fault in raised.value.faults] == told


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (b"7", "alerts[0]: expected an object ({...}), got 7"),
        (b"[true]", "alerts[0]: expected an object ({...}), got a list"),
        (_alert(b"[]"), "alerts[0].labels: expected an object ({...}), got a list"),
        (_alert(more=b', "status": true'), "alerts[0].status: expected 'firing' or 'resolved', got true"),
    ],
)
def test_faults_of_an_alert_speak_of_json_and_of_no_class(entry: bytes, told: str) -> None:
    assert str(_beside_a_good_one(entry).rejected[0].faults[0]) == told


@pytest.mark.parametrize(
    "entry",
    [b"null", b"7", b'"text"', b"[]", b"{}", _alert(b"{}"), _alert(b'{"alertname": "A", "": "x"}'), _alert(b"[[[]]]"),
     _alert(more=b', "startsAt": "9999-99-99T00:00:00Z"'), b"[" * 300 + b"]" * 300],
)  # fmt: skip
def test_bad_alert_does_not_take_a_good_one_along(entry: bytes) -> None:
    webhook = _beside_a_good_one(entry)
    assert [rejected.position for rejected in webhook.rejected] == [0]
    assert [(good.position, good.labels["alertname"]) for good in webhook.submissions] == [(1, "Good")]


def test_rejected_alert_is_kept_as_it_came() -> None:
    assert (
        _beside_a_good_one(b'{"status": "burning", "x": [1, 2]}').rejected[0].line == b'{"status":"burning","x":[1,2]}'
    )


@pytest.mark.parametrize(("count", "are_taken"), [(LABELS_MAX, True), (LABELS_MAX + 1, False), (5000, False)])
def test_number_of_labels_is_bounded(count: int, are_taken: bool) -> None:  # noqa: FBT001
    labels = {"alertname": "A"} | {f"l{number}": "x" for number in range(count - 1)}
    webhook = _beside_a_good_one(_alert(json.dumps(labels).encode()))
    assert len(webhook.submissions) == 1 + are_taken


@pytest.mark.parametrize("levels", [1, 253, 254, 255, 500])
def test_deep_nesting_in_an_unknown_field_is_ignored(levels: int) -> None:
    """contract.md: unknown fields are ignored. orjson reads 1024 levels and writes 254."""
    webhook = _beside_a_good_one(_alert(more=b', "x": ' + b"[" * levels + b"]" * levels))
    assert [content(submission.line).labels["alertname"] for submission in webhook.submissions] == ["Bad", "Good"]


def test_deep_nesting_in_a_known_field_rejects_its_alert_only() -> None:
    webhook = _beside_a_good_one(_alert(b'{"alertname": ' + b"[" * 500 + b"]" * 500 + b"}"))
    assert [fault.field for fault in webhook.rejected[0].faults] == ["alerts[0].labels.alertname"]


def test_hundred_thousand_levels_are_refused() -> None:
    with pytest.raises(FormatError):
        _beside_a_good_one(_alert(more=b', "x": ' + b"[" * 100_000 + b"]" * 100_000))


@pytest.mark.parametrize("text", [rb"\ud800", rb"\udfff", b"\xff"])
def test_text_utf8_cannot_hold_is_read_with_the_replacement_character(text: bytes) -> None:
    webhook = _beside_a_good_one(_alert(b'{"alertname": "Bad", "pod": "' + text + b'"}'))
    assert webhook.submissions[0].labels["pod"] == "\ufffd"
    assert content(webhook.submissions[0].line).labels["pod"] == "\ufffd"


def test_lone_surrogate_has_the_fingerprint_go_gives_it() -> None:
    webhook = _beside_a_good_one(_alert(rb'{"alertname": "Bad", "pod": "\ud800"}'))
    expected = fingerprint({"alertname": "Bad", "pod": "\ufffd"})
    assert identity(webhook.submissions[0].labels, expected) == expected


def test_last_of_duplicate_labels_counts() -> None:
    webhook = _beside_a_good_one(_alert(b'{"alertname": "First", "alertname": "Last"}'))
    assert webhook.submissions[0].labels == {"alertname": "Last"}


@pytest.mark.parametrize("sent", ["ffffffffffffffff", "constant", "\u00fc", "x" * 10_000])
def test_fingerprint_that_disagrees_is_accepted_under_an_identity_of_its_own(sent: str) -> None:
    submission = _beside_a_good_one(_alert(more=b', "fingerprint": ' + json.dumps(sent).encode())).submissions[0]
    owner = identity(submission.labels, submission.fingerprint)
    assert owner not in {sent, fingerprint(submission.labels)}
    assert int(owner, 16) >= 0
    assert len(owner) == 16


def test_ten_mib_for_one_partition_become_many_records() -> None:
    entry = json.dumps(GOOD | {"annotations": {"pad": "x" * 100_000}})
    webhook = read(f'{{"receiver": "team", "alerts": [{",".join([entry] * 104)}]}}'.encode())
    records = [value for _, value in split(ENVELOPE, webhook.submissions, 32)]
    assert len({partition for partition, _ in split(ENVELOPE, webhook.submissions, 32)}) == 1
    assert max(map(len, records)) <= 512 * 1024


def test_alert_of_ten_mib_is_read() -> None:
    """Whether it fits into Kafka is for the gateway to say, by the length of its line."""
    webhook = _beside_a_good_one(_alert(more=b', "annotations": {"pad": "' + b"x" * TEN_MIB + b'"}'))
    assert len(webhook.submissions[0].line) > TEN_MIB


def test_fault_of_a_huge_value_is_short() -> None:
    webhook = _beside_a_good_one(_alert(more=b', "endsAt": "' + b"x" * 1_000_000 + b'"'))
    assert len(webhook.rejected[0].faults[0].error) < 300


@pytest.mark.parametrize("field", ["receiver", "groupKey"])
def test_huge_envelope_field_is_cut_and_still_told_apart(field: str) -> None:
    """It stands in every record, so it must not make one too large for the broker."""
    body = {"receiver": "team", "alerts": [GOOD]}
    one, other = (read(json.dumps(body | {field: "x" * 1_000_000 + end}).encode()) for end in "ab")
    assert len(one.receiver) + len(one.group_key) < 10_000
    assert one[:2] != other[:2]


@pytest.mark.parametrize("chars", [8191, 8192])
def test_group_key_within_the_limit_is_whole(chars: int) -> None:
    body = {"receiver": "team", "alerts": [GOOD], "groupKey": "x" * chars}
    assert read(json.dumps(body).encode()).group_key == "x" * chars
