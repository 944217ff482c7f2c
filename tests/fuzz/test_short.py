"""A few seconds of `make fuzz`, and that it would notice."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.fuzz import corpus, mutate, wire
from tests.fuzz.client import Answers, answers
from tests.fuzz.run import _lost, run
from tests.fuzz.wire import Sending

SENDING = Sending(b"sent", 1, 1, hangs_up=False)


def test_some_seconds_find_nothing() -> None:
    found = run(8, seed=1)
    assert found.faults == []
    assert found.read.alerts > 100
    assert sum(found.answers.promised.values()) > 100
    assert {202, 207, 400, 404, 405, 415} <= set(found.answers.statuses)


def test_every_format_and_mapping_is_tried() -> None:
    assert {sample.format for sample in corpus.corpus()} == set(corpus.forms())


def test_same_seed_sends_the_same() -> None:
    samples = corpus.corpus()
    first, second = ([wire.sending(Random(7), samples) for _ in range(3)] for _ in range(2))
    assert first == second


def test_mutations_stay_within_their_size() -> None:
    random, sample = Random(1), corpus.corpus()[0].body
    assert all(len(mutate.body(random, sample)) <= mutate.BODY_MAX_BYTES for _ in range(200))


def test_answer_of_5xx_is_a_fault() -> None:
    noted = Answers()
    noted.note(SENDING, b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno")
    assert noted.statuses == Counter({500: 1})
    assert len(noted.faults) == 1


def test_alert_that_was_promised_and_is_not_stored_is_a_fault() -> None:
    noted = Answers()
    body = b'{"ingest_id": "a", "alerts_summary": {"total_accepted": 2}}'
    noted.note(SENDING, b"HTTP/1.1 202 Yes\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    assert _lost(noted.promised, {"a": 2}) == []
    assert _lost(noted.promised, {"a": 1}) == ["a: 2 alerts accepted, 1 in Kafka"]


def test_pipelined_answers_are_told_apart() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Y\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 400 N\r\n\r\n"
    assert answers(data) == [(202, b"{}"), (400, b"")]
