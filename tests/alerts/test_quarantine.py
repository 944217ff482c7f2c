"""The quarantine keeps the evidence, whatever it is made of, in a message a broker takes."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FormatError
from alerts.quarantine import EVIDENCE_MAX_BYTES, body_of, evidence, from_flow, from_gateway, headers_of, kept_headers
from tests.support.events import ENVELOPE, NOW_MS

# librdkafka's default for message.max.bytes.
BROKER_MAX_BYTES = 1_000_000
PLACE = ("winnow.webhooks", 7, 42)


def _kept(facts: dict[str, Any]) -> bytes:
    if "body" in facts:
        return str(facts["body"]).encode()
    return base64.b64decode(facts["body_base64"])


@given(st.binary(max_size=500))
def test_small_body_is_kept_whole(body: bytes) -> None:
    assert _kept(json.loads(json.dumps(evidence(body)))) == body


@given(st.binary(max_size=500))
def test_size_and_hash_are_those_of_the_body(body: bytes) -> None:
    facts = evidence(body)
    assert facts["body_bytes"] == len(body)
    assert facts["sha256"] == hashlib.sha256(body).hexdigest()


@given(st.binary(max_size=500))
def test_body_comes_back_as_it_was(body: bytes) -> None:
    assert body_of(json.loads(from_gateway(ENVELOPE, None, "why", body))) == body


def test_body_that_was_cut_does_not_come_back() -> None:
    assert body_of(evidence(b"x" * (EVIDENCE_MAX_BYTES + 1))) is None


@pytest.mark.parametrize("row", [{}, {"body": 5}, {"body_base64": "?", "body_bytes": 1}, {"body": "x"}])
def test_entry_without_a_body_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(FormatError, match="no evidence in it"):
        body_of(row)


def test_text_is_kept_readable() -> None:
    assert evidence('{"größe": 1}'.encode())["body"] == '{"größe": 1}'


def test_bytes_that_are_no_utf8_are_base64() -> None:
    assert evidence(b"\xff\x00") == {
        "body_bytes": 2,
        "sha256": hashlib.sha256(b"\xff\x00").hexdigest(),
        "body_base64": "/wA=",
    }


def test_body_is_kept_whole_up_to_the_limit() -> None:
    assert _kept(evidence(b"x" * EVIDENCE_MAX_BYTES)) == b"x" * EVIDENCE_MAX_BYTES


def test_body_over_the_limit_is_cut_and_its_true_size_told() -> None:
    facts = evidence(b"x" * (EVIDENCE_MAX_BYTES + 1))
    assert len(_kept(facts)) == EVIDENCE_MAX_BYTES
    assert facts["body_bytes"] == EVIDENCE_MAX_BYTES + 1


def test_text_cut_within_a_character_is_still_text() -> None:
    facts = evidence(b"a" + "ü".encode() * EVIDENCE_MAX_BYTES)
    assert str(facts["body"]) == "a" + "ü" * ((EVIDENCE_MAX_BYTES - 1) // 2)


def test_text_that_ends_within_a_character_is_base64() -> None:
    assert "body_base64" in evidence("ü".encode()[:1])


@pytest.mark.parametrize("byte", [b"\x00", b"\x1f", b'"', b"\\", b"\xff", b"\x7f", "\u2028".encode(), b"\n"])
def test_message_of_the_worst_bytes_is_one_a_broker_takes(byte: bytes) -> None:
    body = byte * EVIDENCE_MAX_BYTES * 2
    envelope = ENVELOPE._replace(receiver="\x01" * 8192, group_key="\x01" * 8192)
    assert len(from_gateway(envelope, 1, "\x01" * 5000, body)) < BROKER_MAX_BYTES
    assert len(from_flow(PLACE, NOW_MS, "\x01" * 5000, body)) < BROKER_MAX_BYTES


def test_gateway_tells_which_alert_of_which_webhook() -> None:
    told = json.loads(from_gateway(ENVELOPE, 3, "why", b"{}"))
    assert {
        **ENVELOPE.plain(),
        "v": 1,
        "by": "gateway",
        "reason": "why",
        "position": 3,
        "body": "{}",
    }.items() <= told.items()


def test_gateway_tells_of_a_whole_body_without_a_position() -> None:
    assert json.loads(from_gateway(ENVELOPE, None, "why", b""))["position"] is None


def test_flow_tells_topic_partition_offset_and_reason() -> None:
    told = json.loads(from_flow(PLACE, NOW_MS, "why", b"\x00"))
    place = {"topic": "winnow.webhooks", "partition": 7, "offset": 42, "accepted_ms": NOW_MS}
    assert {**place, "v": 1, "by": "flow", "reason": "why"}.items() <= told.items()


@pytest.mark.parametrize(("chars", "kept"), [(2000, 2000), (2001, 2000)])
def test_reason_is_cut_at_two_thousand_characters(chars: int, kept: int) -> None:
    assert len(json.loads(from_flow(PLACE, NOW_MS, "ü" * chars, b""))["reason"]) == kept


def test_more_headers_than_an_entry_can_hold_are_not_kept() -> None:
    assert kept_headers({"ce-id": "1"}) == {"headers": {"ce-id": "1"}}
    assert kept_headers({"ce-a": "x" * 70_000}) == {}
    assert kept_headers({}) == {}


@pytest.mark.parametrize("headers", [[], "x", {"ce-id": 1}])
def test_headers_that_are_none_are_refused(headers: object) -> None:
    with pytest.raises(FormatError, match="headers"):
        headers_of({"headers": headers})
