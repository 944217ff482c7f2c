"""(l) `winnow explain`: how long until the answer is there, of a topic full of decisions.

They are what the trail writes, spread over twenty hours, and beside it the index of names that the flow keeps. 97 names
are in every hour of every partition; two alerts have a name that no other has.
"""

from __future__ import annotations

import os
import pty
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, NamedTuple

import orjson
from confluent_kafka import Producer

from alerts.fingerprint import partition_of
from benchmarks import events, processes
from benchmarks.figure import Figure, middle
from connectors.kafka import topics
from connectors.kafka.topics import Topics
from flows.names import Names
from flows.trail import Trail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.config import Kafka
    from benchmarks.settings import Bench
    from flows.chunk import Chunk

_PARTITIONS = 32
_ROUNDS = 3
_ALERTS_A_CHUNK = 500
_CHUNKS = 20
_SPREAD_MS = 20 * 3_600_000
_TARGET = "oncall"
_DEADLINE_S = 300
# A producer's queue holds 1 GiB at the most, and a record is up to half a megabyte.
_QUEUED_MAX = 500
_TRAIL = Trail(Topics("webhooks", "decisions", "quarantine", "letters", "replies", "names"), _PARTITIONS, "bench")
# Where among all that is decided, from the oldest on.
_ASKED = {"recent": 0.95, "old": 0.05}


class Asked(NamedTuple):
    """An alert that is asked for."""

    name: str
    fingerprint: str
    notification: str


class Answer(NamedTuple):
    """Seconds."""

    first_s: float
    """Until the alert's fingerprint was told, if only on the terminal while the command went on."""
    whole_s: float
    cpu_s: float
    """Of the command."""


def figures(bench: Bench) -> Iterator[Figure]:
    """Seconds until the first answer, by what is asked."""
    kafka = bench.kafka("explain", _PARTITIONS)
    topics.ensure(kafka)
    count, asked = fill(kafka, bench.alerts)
    target = {"name": _TARGET, "kind": "webhook", "url": "http://127.0.0.1:9/", "allow_private": True}
    environment = bench.environment(processes.free_port(), kafka, targets=[target])
    for when, one in asked.items():
        questions = {"notification": one.notification, "name": one.name}
        if when == "recent":
            questions = {"fingerprint": one.fingerprint, **questions}
        for what, question in questions.items():
            answers = [_answer(environment, question, one) for _ in range(_ROUNDS)]
            yield figure(f"explain, {count:,} decisions: {when}, by {what}", answers)


def figure(what: str, answers: Sequence[Answer]) -> Figure:
    """The median of what it took until the first answer."""
    seconds, rounds = middle(answer.first_s for answer in answers)
    whole_s, cpu_s = (median(answer[place] for answer in answers) for place in (1, 2))
    note = f"all of it after {whole_s:.1f} s, {cpu_s:.1f} s of CPU"
    return Figure(what, seconds, "s", aim="<= 2", note=note, rounds=rounds)


def fill(kafka: Kafka, least: int) -> tuple[int, dict[str, Asked]]:
    """Fill the decisions topic with at least so many; how many there are, and the alerts to ask for."""
    starts = range(0, _CHUNKS * _ALERTS_A_CHUNK, _ALERTS_A_CHUNK)
    chunks = [_chunk(range(first, first + _ALERTS_A_CHUNK)) for first in starts]
    told = [_values(chunk) for chunk in chunks]
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": "lz4"})
    begin_ms = at_ms = time.time_ns() // 1_000_000 - _SPREAD_MS
    topic, names = topics.topics(kafka).decisions, Names(topics.topics(kafka).names, lambda: at_ms)
    turns = -(-least // (2 * _ALERTS_A_CHUNK))
    places = {int(share * turns): when for when, share in _ASKED.items()}
    asked: dict[str, Asked] = {}
    for turn in range(turns):
        at_ms = begin_ms + turn * _SPREAD_MS // turns
        written = [(chunks[turn % _CHUNKS]._replace(partition=turn % kafka.partitions), told[turn % _CHUNKS])]
        if turn in places:
            asked[places[turn]], *named = _named(f"Asked{turn}", _CHUNKS * _ALERTS_A_CHUNK + turn, kafka.partitions)
            written += named
        for chunk, values in written:
            for _, message in names.of_chunk(chunk):
                producer.produce(message.topic, message.value, partition=0, timestamp=at_ms)
            id_ = secrets.token_hex(16).encode()
            for value in values:
                renamed = value.replace(events.ENVELOPE.id.encode(), id_)
                producer.produce(topic, renamed, partition=chunk.partition, timestamp=at_ms)
        while len(producer) > _QUEUED_MAX:
            producer.poll(0.1)
    producer.flush()
    return turns * 2 * _ALERTS_A_CHUNK, asked


def _chunk(numbers: range) -> Chunk:
    """These alerts, each of which came twice."""
    return events.chunk(numbers, [events.target("webhook", _TARGET)])


def _values(chunk: Chunk) -> list[bytes]:
    """The records of what is decided about it."""
    return [message.value for _, message in _TRAIL.of_chunk(chunk)]


def _named(name: str, number: int, partitions: int) -> tuple[Asked, tuple[Chunk, list[bytes]]]:
    """An alert with this name, its chunk, and the record of what was decided about it."""
    chunk = _chunk(range(number, number + 1))
    record = orjson.loads(_values(chunk)[0])
    (first, _) = record["decisions"]
    (delivery,) = first["deliveries"]
    value = orjson.dumps({**record, "decisions": [{**first, "name": name}]})
    named = chunk._replace(
        partition=partition_of(first["fingerprint"], partitions),
        arrivals=[arrival._replace(name=name) for arrival in chunk.arrivals],
    )
    return Asked(name, first["fingerprint"], delivery["id"]), (named, [value])


def _answer(environment: dict[str, str], question: str, asked: Asked) -> Answer:
    """What the command takes, its start among it."""
    began_s, began_cpu_s = time.monotonic(), _children_s()
    screen, terminal = pty.openpty()
    with NamedTemporaryFile() as told:
        process = subprocess.Popen(
            ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, "-m", "winnow", "explain", question],
            stdout=told,
            stderr=terminal,
            env={**os.environ, **environment, "TERM": "xterm", "COLUMNS": "200"},
        )
        os.close(terminal)
        first_s = seen_s(screen, asked.fingerprint.encode())
        if process.wait(_DEADLINE_S) or asked.fingerprint not in Path(told.name).read_text():
            raise RuntimeError(f"explain {question} told of something else")
        took_s = time.monotonic() - began_s
    return Answer(took_s if first_s is None else first_s - began_s, took_s, _children_s() - began_cpu_s)


def seen_s(screen: int, needle: bytes) -> float | None:
    """When the needle came to be on the screen; it returns when nobody has that terminal any more."""
    at_s, seen = None, b""
    with os.fdopen(screen, "rb", buffering=0) as shown, suppress(OSError):  # Linux says so of a terminal left by all
        while part := shown.read(4096):
            seen = seen[-100:] + part
            if at_s is None and needle in seen:
                at_s = time.monotonic()
    return at_s


def _children_s() -> float:
    """CPU of all that has ended, started by this process."""
    used = os.times()
    return used.children_user + used.children_system
