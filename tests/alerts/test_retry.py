"""A dead letter on its way back is read as it was written, or refused; nobody takes it for a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.delivery_json import to_plain
from alerts.errors import FormatError
from alerts.record import decode as decode_record
from alerts.record import split
from alerts.retry import Retry, decode, encode, is_retry, place, place_number
from tests.support.events import ENVELOPE, NOW_MS, alert, delivery, submission

if TYPE_CHECKING:
    from alerts.decision import Delivery

PLACE = "winnow.dead-letters/0/7"


@pytest.mark.parametrize("newest_ms", [None, NOW_MS])
@pytest.mark.parametrize(
    "made", [delivery(1), delivery(2, untold_firing=True), delivery(3, alert=alert(annotations={"a": "x" * 200_000}))]
)
def test_what_was_written_is_read(made: Delivery, newest_ms: int | None) -> None:
    retry = Retry(PLACE, newest_ms, made)
    assert decode(encode(retry)) == retry


def test_it_is_told_from_a_webhook_by_how_it_begins() -> None:
    (_, webhook), = split(ENVELOPE, [submission()], 1)  # fmt: skip
    assert is_retry(encode(Retry(PLACE, None, delivery(1))))
    assert not is_retry(webhook)


def test_reader_of_webhooks_refuses_it_by_its_version() -> None:
    with pytest.raises(FormatError, match="record version 2; this Winnow reads 1"):
        decode_record(encode(Retry(PLACE, None, delivery(1))), NOW_MS)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 5},
        {"target": None},
        {"v": 9},
        {"transition": "x" * 9000},
        {"alert": to_plain(delivery(alert=alert(fingerprint="no hex")))["alert"]},
        {"alert": 3},
    ],
)
def test_delivery_that_no_flow_can_have_written_is_refused(changes: dict[str, object]) -> None:
    head, _ = encode(Retry(PLACE, None, delivery(1))).split(b"\n")
    with pytest.raises(FormatError):
        decode(head + b"\n" + orjson.dumps({**to_plain(delivery(1)), **changes}))


@pytest.mark.parametrize("letter", ["", "x", "t/1", "t/1/x", "t/-1/2", "a b/1/2", "t/1/2/3", "t/1/" + "9" * 19])
def test_letter_without_a_place_is_refused(letter: str) -> None:
    with pytest.raises(FormatError, match="a place is not"):
        decode(encode(Retry(letter, None, delivery(1))))


@pytest.mark.parametrize(
    "value", [b"", b"{}", b'{"v":2,"kind":"retry",', b'{"v":2,"kind":"retry","letter":"t/1/2"}\n{}']
)
def test_what_is_cut_short_is_refused(value: bytes) -> None:
    with pytest.raises(FormatError):
        decode(value)


def test_places_differ_as_numbers() -> None:
    places = [place("t", partition, offset) for partition in (0, 1, 31) for offset in (0, 1, 10**17)]
    assert len({place_number(one) for one in places}) == len(places)
