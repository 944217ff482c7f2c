"""Decisions are put together of parts that are encoded already: they must be the bytes that orjson writes of all."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from alerts.advice import Advice, How
from alerts.alert import Alert, Arrival, Envelope, Status
from alerts.decision import Classification, Delivery, Judge, Severity, Verdict
from flows.chunk import Chunk
from flows.decision_rows import encode, rows
from flows.steps.classify import Judged
from flows.steps.dedup import Seen
from flows.steps.route import Routing

# Kafka holds what others wrote too; surrogates cannot come out of JSON.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_SAW = st.dictionaries(
    _TEXT, _TEXT | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False), max_size=3
)
_VERDICTS = st.builds(Verdict, _TEXT, _TEXT, _SAW)
_CLASSES = st.builds(
    Classification, st.sampled_from(Severity), _TEXT, st.floats(0, 1), st.sampled_from(Judge), _TEXT, st.just(())
)
_ADVICE = st.none() | st.builds(Advice, _TEXT, st.sampled_from(How), st.none())
_JUDGED = st.builds(Judged, _CLASSES, _CLASSES, st.none() | _CLASSES, _ADVICE, st.just(("floor",)))
_ROUTING = st.builds(Routing, st.just(()), st.lists(_VERDICTS, max_size=2).map(tuple))
_ENVELOPES = st.builds(
    Envelope, _TEXT, _TEXT, _TEXT, _TEXT, _TEXT, st.integers(0, 2**53), st.just(0), st.just(""), _TEXT
)


@st.composite
def _chunks(draw: st.DrawFn) -> Chunk:
    """Alerts of two webhooks, some of which pass."""
    envelopes = draw(st.lists(_ENVELOPES, min_size=2, max_size=2))
    chunk = Chunk(0, [], [], [], [], [], [], [], [], [], [])
    for envelope in [*envelopes, *envelopes]:
        status, transition = draw(st.sampled_from(Status)), draw(st.none() | _TEXT)
        about = (draw(_TEXT), "00000000000000aa", status, draw(_TEXT), draw(_TEXT), None, envelope)
        chunk.arrivals.append(Arrival(*about, b"{}"))
        chunk.seen.append(Seen(draw(_VERDICTS), transition))  # type: ignore[attr-defined]
        if transition is not None:
            alert, judged = Alert(*about, {}, {}, ""), draw(_JUDGED)
            names = draw(st.lists(_TEXT, max_size=2))
            planned = [Delivery(draw(_TEXT), name, transition, alert, judged.told) for name in names]
            for column, value in zip(chunk[7:11], (judged, draw(_VERDICTS), draw(_ROUTING), planned), strict=True):
                column.append(value)  # type: ignore[attr-defined]
    return chunk


@given(_chunks())
def test_decision_is_what_an_encoder_writes_of_it(chunk: Chunk) -> None:
    text = encode(rows(chunk))
    assert orjson.dumps(orjson.loads(text)) == text


@given(_chunks())
def test_decision_tells_what_the_steps_said_in_the_order_of_arrivals(chunk: Chunk) -> None:
    told = orjson.loads(encode(rows(chunk)))
    passed = [row for row in told if "transition" in row]
    assert [row["id"] for row in told] == [arrival.id for arrival in chunk.arrivals]
    assert [row["source"] for row in told] == [arrival.envelope.source for arrival in chunk.arrivals]
    assert [row.get("traceparent", "") for row in told] == [one.envelope.traceparent for one in chunk.arrivals]
    assert [row["dedup"]["saw"] for row in told] == [seen.verdict.saw for seen in chunk.seen]
    assert [row["classify"]["category"] for row in passed] == [judged.told.category for judged in chunk.judged]
    assert [row["filter"]["rule"] for row in passed] == [verdict.rule for verdict in chunk.filtered]
    assert [[one["id"] for one in row["deliveries"]] for row in passed] == [
        [delivery.id for delivery in planned] for planned in chunk.planned
    ]
