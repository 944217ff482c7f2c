"""The gateway as one process, spoken to over real HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
import orjson
import yaml

from alerts.config import Kafka
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.topics import partitions
from tests.support.product import end, free_port, wait_for
from tests.support.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.record import Stored

PARTITIONS = 8
PROXY = "/webhook/proxy"
PLAIN = "/v1/webhooks/alertmanager"


class Gateway:
    """Starts `python -m http_gateway` on a free port, and ends it by its own id."""

    def __init__(self, folder: Path, kafka: Kafka, **settings: object) -> None:
        """Write its configuration; `settings` are those of `gateway:`, and `mappings`."""
        self.kafka = kafka
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"gateway-{self.port}.log"
        config = folder / f"winnow-{self.port}.yaml"
        mappings = settings.pop("mappings", [])
        config.write_text(yaml.safe_dump({"kafka": kafka.model_dump(), "mappings": mappings, "gateway": settings}))
        self.environ = {
            **os.environ,
            "WINNOW_CONFIG": str(config),
            "WINNOW_LISTEN": f"127.0.0.1:{self.port}",
            "KAFKA_BOOTSTRAP": kafka.bootstrap,
        }
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self._taps: dict[str, Tap] = {}

    def start(self, *arguments: str) -> None:
        """Start the process."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "http_gateway", *arguments],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Whether /readyz says so; fails the test if the process has ended."""
        return self.answers("/readyz")

    def answers(self, path: str = "/healthz") -> bool:
        """Whether it answers 200 there; fails the test if the process has ended."""
        assert self.process.poll() is None, f"the gateway ended: {self.log()[-3000:]}"
        try:
            return self.client.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def await_ready(self) -> None:
        """Wait until it says that it is ready."""
        wait_for(self.is_ready, "the gateway is ready", 30)

    def terminate(self) -> int:
        """SIGTERM, and its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=20)

    def close(self) -> None:
        """End it at once, with its workers."""
        self.client.close()
        for tap in self._taps.values():
            tap.close()
        end(self.process)

    def log(self) -> str:
        """All it has written so far."""
        return self._log.read_text()

    def post(self, body: bytes, path: str = PROXY, **headers: str) -> httpx.Response:
        """Send a webhook; `x_request_id="a"` is the header `x-request-id: a`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=body, headers={"content-type": "application/json", **given})

    def metric(self, name: str) -> float:
        """What `/metrics` says of this one now, name and labels as written there; 0 if it is not there yet."""
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0.0

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """A bare connection, for what no HTTP client would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            yield connection

    def webhooks(self, ingest_id: str) -> list[Record]:
        """What lies in the webhooks topic of one request, by partition."""
        # Looked for in the bytes first: there may be thousands of others.
        found = [read(stored) for stored in self.stored("webhooks") if ingest_id.encode() in stored.value]
        mine = [record for record in found if record.header["id"] == ingest_id]
        return sorted(mine, key=lambda record: record.stored.partition)

    def quarantined(self, **facts: str) -> list[dict[str, object]]:
        """What lies in the quarantine with these facts."""
        found = self.stored("quarantine")
        marks = [str(fact).encode() for fact in facts.values()]
        entries = [orjson.loads(stored.value) for stored in found if all(mark in stored.value for mark in marks)]
        return [entry for entry in entries if facts.items() <= entry.items()]

    def stored(self, word: str) -> list[Stored]:
        """All records of the topic with this word."""
        if word not in self._taps:
            name = f"{self.kafka.topic_prefix}.{word}"
            self._taps[word] = Tap(self.kafka, name, partitions(self.kafka)[name])
        return self._taps[word].read()


class Record(NamedTuple):
    """A record of the webhooks topic, decoded without the product's own code."""

    stored: Stored
    header: dict[str, object]
    rows: list[list[object]]
    alerts: list[dict[str, object]]


def read(stored: Stored) -> Record:
    """Decode one record."""
    header, *lines = (orjson.loads(line) for line in stored.value.split(b"\n"))
    return Record(stored, header, header["alerts"], lines)


@contextmanager
def starting(folder: Path, kafka: Kafka, **settings: object) -> Iterator[Gateway]:
    """A gateway that was started just now."""
    made = Gateway(folder, kafka, **settings)
    made.start()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def gateway(folder: Path, kafka: Kafka, **settings: object) -> Iterator[Gateway]:
    """A running gateway that is ready."""
    with starting(folder, kafka, **settings) as started:
        started.await_ready()
        yield started


@contextmanager
def broker() -> Iterator[tuple[EmbeddedBroker, Kafka]]:
    """A broker in memory with Winnow's topics, and how to reach it."""
    wanted = Kafka(partitions=PARTITIONS, client=CLIENT_SETTINGS)
    with EmbeddedBroker(partitions(wanted)) as started:
        yield started, wanted.model_copy(update={"bootstrap": started.bootstrap})


def alert(instance: str = "i", **changes: object) -> dict[str, object]:
    """One valid alert of an Alertmanager webhook; `changes` replace or add fields."""
    labels = {"alertname": "DiskSlow", "instance": instance}
    times = {"startsAt": "2026-11-24T03:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}
    return {"status": "firing", "labels": labels, "annotations": {"summary": "slow"}, **times, **changes}


def webhook(*alerts: object, **changes: object) -> bytes:
    """A webhook with these alerts."""
    envelope = {"receiver": "r", "version": "4", "groupKey": "g", "status": "firing", "alerts": alerts}
    return orjson.dumps({**envelope, **changes})
