"""Whatever is split comes back exactly once and in order; what is no record of ours is a FormatError."""

from __future__ import annotations

import json
from collections import defaultdict

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alert import Arrival, Envelope, Status
from alerts.errors import FormatError
from alerts.fingerprint import identity, partition_of
from alerts.record import ALERT_MAX_BYTES, NAME_MAX_CHARS, RECORD_MAX_BYTES, decode, open_alert, split
from alerts.webhook import Submission
from tests.support.build import TRACEPARENT
from tests.support.events import ENVELOPE, NOW_MS, STARTS_AT, arrival, submission

PARTITIONS = 8

texts = st.text(max_size=30)
names = st.sampled_from(["HighCPU", "NodeDown", "\u00fc\n\x01", "x" * NAME_MAX_CHARS])
instants = st.sampled_from([STARTS_AT, "2025-11-24T15:59:00.123456789+05:30"])
envelopes = st.builds(
    Envelope, st.just("f" * 32), st.just("alertmanager"), texts, texts, texts, st.just(NOW_MS),
    expired_ms=st.integers(0, 2**53), traceparent=st.sampled_from(["", TRACEPARENT]),
    reply=st.sampled_from(["", "3/0123456789abcdef"]),
)  # fmt: skip
# Lines from nothing to more than half a record, so that some shares must be cut.
paddings = st.sampled_from([0, 1, 1000, 100_000, RECORD_MAX_BYTES // 2, RECORD_MAX_BYTES])


@st.composite
def submissions(draw: st.DrawFn) -> list[Submission]:
    """A webhook's valid alerts; a few identities only, so that some alerts come more than once."""
    made = []
    for position in range(draw(st.integers(1, 12))):
        labels = {"alertname": draw(names), "pod": draw(st.sampled_from("abc"))}
        line = orjson.dumps({"labels": labels, "annotations": {"pad": "x" * draw(paddings)}})
        ends_at = draw(st.none() | instants)
        status = draw(st.sampled_from(Status))
        made.append(Submission(position, labels, status, draw(instants), ends_at, draw(texts), line))
    return made


def _expected(envelope: Envelope, given_: Submission) -> Arrival:
    fingerprint = identity(given_.labels, given_.fingerprint)
    return Arrival(
        f"{envelope.id}-{given_.position}", fingerprint, given_.status, given_.labels["alertname"],
        given_.starts_at, given_.ends_at, envelope, given_.line,
    )  # fmt: skip


def _by_position(found: Arrival) -> int:
    return int(found.id.rpartition("-")[2])


@settings(deadline=None)  # half a MiB a line takes its time on a busy machine
@given(envelopes, submissions())
def test_every_alert_comes_back_exactly_once_as_it_was(envelope: Envelope, given_: list[Submission]) -> None:
    found = [found for _, value in split(envelope, given_, PARTITIONS) for found in decode(value, NOW_MS)]
    assert sorted(found, key=_by_position) == [_expected(envelope, one) for one in given_]


@settings(deadline=None)
@given(envelopes, submissions())
def test_alerts_of_one_partition_keep_the_order_sent(envelope: Envelope, given_: list[Submission]) -> None:
    positions: dict[int, list[int]] = defaultdict(list)
    for partition, value in split(envelope, given_, PARTITIONS):
        positions[partition] += [_by_position(found) for found in decode(value, NOW_MS)]
    assert all(order == sorted(order) for order in positions.values())


@settings(deadline=None)
@given(envelopes, submissions())
def test_alert_lies_in_the_partition_of_its_identity(envelope: Envelope, given_: list[Submission]) -> None:
    for partition, value in split(envelope, given_, PARTITIONS):
        for found in decode(value, NOW_MS):
            assert partition == partition_of(found.fingerprint, PARTITIONS)


@settings(deadline=None)
@given(envelopes, submissions())
def test_no_record_of_several_alerts_is_over_the_limit(envelope: Envelope, given_: list[Submission]) -> None:
    for _, value in split(envelope, given_, PARTITIONS):
        assert len(value) <= RECORD_MAX_BYTES or len(decode(value, NOW_MS)) == 1


def _with_line_of(size_bytes: int) -> Submission:
    return submission()._replace(line=b'"' + b"x" * (size_bytes - 2) + b'"')


def test_two_alerts_that_fit_share_a_record() -> None:
    half = RECORD_MAX_BYTES // 2 - 1000
    assert len(list(split(ENVELOPE, [_with_line_of(half)] * 2, 1))) == 1


def test_two_alerts_that_do_not_fit_get_a_record_each() -> None:
    half = RECORD_MAX_BYTES // 2
    assert len(list(split(ENVELOPE, [_with_line_of(half)] * 2, 1))) == 2


@pytest.mark.parametrize("character", ["x", "\x01", '"', "\u00fc", "\U0001f600"])
def test_no_envelope_and_no_name_makes_a_record_too_large(character: str) -> None:
    envelope = ENVELOPE._replace(receiver=character * 8192, group_key=character * 8192)
    many = [submission(character * NAME_MAX_CHARS, position) for position in range(300)]
    assert all(len(value) <= RECORD_MAX_BYTES for _, value in split(envelope, many, 1))


def test_largest_alert_fits_into_a_message_librdkafka_sends() -> None:
    """Its message.max.bytes is 1 000 000 by default."""
    envelope = ENVELOPE._replace(receiver="x" * 8192, group_key='"' * 8192)
    largest = _with_line_of(ALERT_MAX_BYTES)._replace(labels={"alertname": "\x01" * 2000})
    (_, value), = split(envelope, [largest], 1)  # fmt: skip
    assert len(value) < 1_000_000


@pytest.mark.parametrize(("chars", "kept"), [(NAME_MAX_CHARS, NAME_MAX_CHARS), (NAME_MAX_CHARS + 1, NAME_MAX_CHARS)])
def test_long_name_is_cut_in_the_header_only(chars: int, kept: int) -> None:
    (_, value), = split(ENVELOPE, [submission("\u00fc" * chars)], 1)  # fmt: skip
    (found,) = decode(value, NOW_MS)
    assert found.name == "\u00fc" * kept
    assert open_alert(found).labels == {"alertname": "\u00fc" * chars}


def test_header_and_lines_are_json_that_people_can_read() -> None:
    (_, value), = split(ENVELOPE, [submission("A"), submission("B", 1)], 1)  # fmt: skip
    header, *lines = [json.loads(text) for text in value.split(b"\n")]
    assert header["v"] == 1
    assert [row[3] for row in header["alerts"]] == [line["labels"]["alertname"] for line in lines]


def test_accepted_time_is_the_one_of_the_kafka_record() -> None:
    (_, value), = split(ENVELOPE, [submission()], 1)  # fmt: skip
    (found,) = decode(value, 123)
    assert found.envelope.accepted_ms == 123


def test_alert_is_opened_with_all_that_the_header_says() -> None:
    opened = open_alert(arrival())
    assert opened[:7] == arrival()[:7]


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{}", b"null", b'{"labels": 5}', b'{"labels": {"a": 1}}', b'{"labels": ["a"]}',
             b'{"labels": {"a": null}}', b'{"labels": {}, "annotations": "x"}',
             b'{"labels": {}, "annotations": {"a": []}}',
             b'{"labels": {}, "generatorURL": 7}', b"\xff"],
)  # fmt: skip
def test_line_that_is_no_alert_is_a_format_error(line: bytes) -> None:
    with pytest.raises(FormatError):
        open_alert(arrival(line=line))


def test_where_a_sender_waits_stands_in_the_header_only_if_one_does() -> None:
    ((_, silent),) = split(ENVELOPE, [submission()], PARTITIONS)
    ((_, awaited),) = split(ENVELOPE._replace(reply="3/0123456789abcdef"), [submission()], PARTITIONS)
    assert b"reply" not in silent
    assert decode(silent, NOW_MS)[0].envelope.reply == ""
    assert decode(awaited, NOW_MS)[0].envelope.reply == "3/0123456789abcdef"


@pytest.mark.parametrize("reply", [None, 7, ["3"], "x" * 65])
def test_reply_that_no_gateway_writes_makes_no_record(reply: object) -> None:
    ((_, value),) = split(ENVELOPE, [submission()], PARTITIONS)
    head, _, lines = value.partition(b"\n")
    with pytest.raises(FormatError, match="reply"):
        decode(orjson.dumps({**orjson.loads(head), "reply": reply}) + b"\n" + lines, NOW_MS)
