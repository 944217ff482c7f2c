"""Convert reads records and refuses what is none; the rest of reading is in tests/alerts/test_record.py."""

from __future__ import annotations

import pytest

from alerts.errors import FormatError
from alerts.record import split
from flows.steps.convert import Convert
from tests.support.events import ENVELOPE, NOW_MS, submission


def test_record_becomes_its_alerts_in_the_order_sent() -> None:
    (_, value), = split(ENVELOPE, [submission("A"), submission("B", 1)], 1)  # fmt: skip
    assert [found.name for found in Convert()(value, NOW_MS)] == ["A", "B"]


def test_line_stays_as_it_came() -> None:
    (_, value), = split(ENVELOPE, [submission()._replace(line=b"not even JSON")], 1)  # fmt: skip
    assert Convert()(value, NOW_MS)[0].line == b"not even JSON"


def test_what_is_no_record_is_a_format_error() -> None:
    with pytest.raises(FormatError):
        Convert()(b"hello", NOW_MS)
