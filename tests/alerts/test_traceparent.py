"""The W3C trace context: taken, carried with the alert to where it is told, or ignored."""

from __future__ import annotations

import json

import orjson
import pytest

from alerts.decision import Verdict
from alerts.errors import FormatError
from alerts.record import decode, split
from alerts.traceparent import traceparent
from flows.chunk import Chunk
from flows.steps.dedup import Seen
from flows.trail import Trail
from tests.support.build import TRACEPARENT
from tests.support.events import ENVELOPE, NOW_MS, arrival, submission
from tests.support.whole_flow import TOPICS

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),
        (f"cc-{TRACE}-{PARENT}-09-what-comes-later", f"00-{TRACE}-{PARENT}-09"),
        (f"cc-{TRACE}-{PARENT}-09", f"00-{TRACE}-{PARENT}-09"),
    ],
)
def test_valid_one_is_taken(sent: str, taken: str) -> None:
    assert traceparent(sent) == taken


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01\r\nx: y",
        f"00-{TRACE}-{PARENT}-01\n",
        f" 00-{TRACE}-{PARENT}-01",
        f"cc-{TRACE}-{PARENT}-09-{'x' * 300}",
    ],
)
def test_invalid_one_is_ignored(sent: str) -> None:
    assert traceparent(sent) == ""


def test_it_lies_in_the_record_and_comes_back() -> None:
    envelope = ENVELOPE._replace(traceparent=TRACEPARENT)
    ((_, value),) = split(envelope, [submission()], 1)
    assert json.loads(value.split(b"\n")[0])["traceparent"] == TRACEPARENT
    assert decode(value, NOW_MS)[0].envelope == envelope


def test_record_without_one_is_written_and_read_as_before() -> None:
    ((_, value),) = split(ENVELOPE, [submission()], 1)
    assert "traceparent" not in json.loads(value.split(b"\n")[0])
    assert decode(value, NOW_MS)[0].envelope.traceparent == ""


@pytest.mark.parametrize("forged", ["x\r\ny: z", 1, "00-1-2-3", None])
def test_record_with_a_forged_one_is_refused(forged: object) -> None:
    ((_, value),) = split(ENVELOPE, [submission()], 1)
    head, line = value.split(b"\n")
    with pytest.raises(FormatError):
        decode(orjson.dumps({**orjson.loads(head), "traceparent": forged}) + b"\n" + line, NOW_MS)


def test_decision_says_it_if_there_is_one() -> None:
    seen = Seen(Verdict("duplicate", "window", {}), None)
    arrivals = [arrival(envelope=ENVELOPE._replace(traceparent=given)) for given in (TRACEPARENT, "")]
    chunk = Chunk(3, arrivals, [], [], [seen, seen], [], [], [], [], [])
    ((_, message),) = Trail(TOPICS, 4, "0123456789ab").of_chunk(chunk)
    assert [row.get("traceparent") for row in json.loads(message.value)["decisions"]] == [TRACEPARENT, None]
