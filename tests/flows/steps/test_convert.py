"""Convert reads records and refuses what is none; the rest of reading is in tests/alerts/test_record.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.errors import FormatError
from alerts.record import split
from alerts.retry import Retry, encode
from flows.steps.convert import Convert
from tests.support.events import ENVELOPE, NOW_MS, delivery, submission

if TYPE_CHECKING:
    from alerts.alert import Arrival


def _arrivals(value: bytes) -> list[Arrival]:
    found = Convert()(value, NOW_MS)
    assert isinstance(found, list)
    return found


def test_record_becomes_its_alerts_in_the_order_sent() -> None:
    (_, value), = split(ENVELOPE, [submission("A"), submission("B", 1)], 1)  # fmt: skip
    assert [found.name for found in _arrivals(value)] == ["A", "B"]


def test_line_stays_as_it_came() -> None:
    (_, value), = split(ENVELOPE, [submission()._replace(line=b"not even JSON")], 1)  # fmt: skip
    assert _arrivals(value)[0].line == b"not even JSON"


def test_record_of_a_dead_letter_becomes_the_retry_that_was_written() -> None:
    retry = Retry("winnow.dead-letters/0/7", NOW_MS, delivery(1))
    assert Convert()(encode(retry), NOW_MS) == retry


def test_what_is_no_record_is_a_format_error() -> None:
    with pytest.raises(FormatError):
        Convert()(b"hello", NOW_MS)
