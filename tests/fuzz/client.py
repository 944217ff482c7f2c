"""Sends over bare connections and notes what is answered."""

from __future__ import annotations

import socket
import time
from collections import Counter
from contextlib import suppress
from random import Random
from threading import Lock, Thread
from typing import TYPE_CHECKING

import orjson

from tests.fuzz.wire import Sending, sending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.corpus import Sample

CLIENTS = 4
# Nothing more comes: a request that was cut off has no answer before the gateway's own timeouts.
_SILENCE_S = 0.25
_ANSWER_MAX_S = 15.0


class Answers:
    """All that came back."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.promised: dict[str, int] = {}
        """By ingest id: how many alerts a 2xx said are stored."""
        self.faults: list[str] = []
        self.connections = 0
        self._lock = Lock()

    def note(self, told: Sending, data: bytes) -> None:
        """Take what came over one connection."""
        with self._lock:
            self.connections += 1
            for status, body in answers(data):
                self.statuses[status] += 1
                if status >= 500:
                    self.faults.append(f"{status} {body[:300]!r} to {told.data[:1500]!r}")
                elif 200 <= status < 300:
                    self._promise(body)

    def refused(self, error: OSError) -> None:
        """The gateway could not be connected to."""
        with self._lock:
            self.faults.append(f"no connection: {error}")

    def _promise(self, body: bytes) -> None:
        with suppress(orjson.JSONDecodeError, KeyError, TypeError):
            told = orjson.loads(body)
            summary = told["alerts_summary"]
            self.promised[told["ingest_id"]] = summary.get("total_accepted", 0)


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """The answers in what came over a connection: status and body. What follows the last whole one is left out."""
    found = []
    while data.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")):
        head, _, rest = data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        lines = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
        headers = {name.strip(): value.strip() for name, _, value in lines}
        length = int(headers.get(b"content-length", b"0"))
        if status == 100 or (length > len(rest) and not rest):  # to go on, or an answer to HEAD
            length = 0
        found.append((status, rest[:length]))
        data = rest[length:]
    return [(status, body) for status, body in found if status != 100]


def run(port: int, samples: Sequence[Sample], seed: int, seconds: float) -> Answers:
    """Send for so long, by several clients; what each sends depends on the seed alone."""
    noted = Answers()
    until = time.monotonic() + seconds
    threads = [
        Thread(target=_client, args=(port, samples, Random(f"client {seed} {number}"), until, noted))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return noted


def _client(port: int, samples: Sequence[Sample], random: Random, until: float, noted: Answers) -> None:
    while time.monotonic() < until and len(noted.faults) < 20:
        told = sending(random, samples)
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_MAX_S)
        except OSError as error:
            noted.refused(error)
            continue
        with connection:
            noted.note(told, _talk(connection, told))


def _talk(connection: socket.socket, told: Sending) -> bytes:
    received = bytearray()
    with suppress(OSError):
        size = max(len(told.data) // told.parts, 1)
        for start in range(0, len(told.data), size):
            connection.sendall(told.data[start : start + size])
        if told.hangs_up:
            return b""
        connection.settimeout(_SILENCE_S)
        deadline = time.monotonic() + _ANSWER_MAX_S
        while len(answers(bytes(received))) < told.answers and time.monotonic() < deadline:
            part = connection.recv(65536)
            if not part:
                break
            received += part
    return bytes(received)
