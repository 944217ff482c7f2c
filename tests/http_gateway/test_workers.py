"""Several processes on one port: they count together, are replaced while senders send, and one that dies comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from http_gateway.place import Places
from tests.support.gateway import PROXY, Gateway, alert, gateway, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

ACCEPTED = 'winnow_gateway_alerts_total{format="alertmanager",result="accepted"}'
HEAD = {"content-type": "application/json"}


class Feeder(threading.Thread):
    """Sends one webhook after the other, each by a new connection or all by one."""

    def __init__(self, running: Gateway, *, keeps: bool) -> None:
        super().__init__()
        self._running = running
        self._keeps = keeps
        self.has_enough = threading.Event()
        self.accepted: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._running.port, timeout=20)
        while not self.has_enough.is_set():
            try:
                connection.request("POST", PROXY, webhook(alert()), HEAD)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except OSError as error:
                self.failures.append(repr(error))
                connection.close()
                continue
            if response.status == 202:
                self.accepted.append(answer["ingest_id"])
            else:
                self.failures.append(f"{response.status} {answer}")
            if not self._keeps:
                connection.close()
        connection.close()


def workers(running: Gateway) -> list[int]:
    """The process ids of its workers."""
    found = "".join(path.read_text() for path in Path(f"/proc/{running.process.pid}/task").glob("*/children"))
    return sorted(int(pid) for pid in found.split())


def reload(running: Gateway, until: str = "reloaded") -> None:
    """SIGHUP, and wait until it says that it is done."""
    known = running.log().count(f'"{until}"')
    running.process.send_signal(signal.SIGHUP)
    wait_for(lambda: running.log().count(f'"{until}"') > known, until, 40)


def configure(running: Gateway, text: str) -> None:
    """Write another winnow.yaml."""
    Path(running.environ["WINNOW_CONFIG"]).write_text(text)


@pytest.fixture
def two(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> Iterator[Gateway]:
    with gateway(tmp_path, embedded[1], workers=2) as started:
        wait_for(lambda: len(workers(started)) == 2, "both workers are there", 20)
        yield started
        assert "Traceback" not in started.log()


def test_reload_under_load_refuses_nobody_and_loses_nothing(two: Gateway) -> None:
    feeders = [Feeder(two, keeps=keeps) for keeps in (True, True, False, False)]
    for feeder in feeders:
        feeder.start()
    wait_for(lambda: all(len(feeder.accepted) > 20 for feeder in feeders), "all of them send", 20)
    before = workers(two)
    reload(two)
    seen = [len(feeder.accepted) for feeder in feeders]
    wait_for(lambda: all(len(f.accepted) > n + 20 for f, n in zip(feeders, seen, strict=True)), "they go on", 20)
    for feeder in feeders:
        feeder.has_enough.set()
        feeder.join()
    assert [feeder.failures for feeder in feeders] == [[], [], [], []]
    assert not set(before) & set(workers(two))
    stored = {str(header["id"]) for header in headers(two)}
    assert {ingest_id for feeder in feeders for ingest_id in feeder.accepted} <= stored
    count = sum(len(feeder.accepted) for feeder in feeders)
    wait_for(lambda: two.metric(ACCEPTED) == count, "all are counted, those of ended workers too", 10)


def headers(running: Gateway) -> list[dict[str, object]]:
    return [json.loads(stored.value.split(b"\n", 1)[0]) for stored in running.stored("webhooks")]


def test_configuration_is_read_anew_by_a_reload(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> None:
    with gateway(tmp_path, embedded[1], max_alerts_per_request=1) as running:
        assert running.post(webhook(alert("a"), alert("b"))).status_code == 400
        configure(running, yaml.safe_dump({"kafka": embedded[1].model_dump()}))
        reload(running)
        assert running.post(webhook(alert("a"), alert("b"))).status_code == 202


@pytest.mark.parametrize("text", ["gateway: {listenn: x}", "{", "kafka: {client: {no.such: thing}}"])
def test_broken_configuration_changes_nothing_and_is_told(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka], text: str
) -> None:
    with gateway(tmp_path, embedded[1]) as running:
        before = workers(running)
        configure(running, text)
        reload(running, "reload_refused")
        assert workers(running) == before
        os.kill(before[0], signal.SIGKILL)  # the next worker does not read the broken file either
        wait_for(lambda: workers(running) not in (before, []), "another worker is there", 20)
        wait_for(lambda: running.answers("/readyz"), "it is ready again", 20)
        assert running.post(webhook(alert())).status_code == 202


def test_counts_of_all_workers_are_told_by_each_and_none_goes_back_when_one_is_killed(two: Gateway) -> None:
    assert two.post(webhook(alert())).status_code == 202
    for _ in range(40):  # by many connections, so that both workers take some
        assert once(two, b"POST " + PROXY.encode(), webhook(alert())).startswith(b"HTTP/1.1 202")
    wait_for(lambda: two.metric(ACCEPTED) == 41, "all are counted", 10)
    killed, left = workers(two)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: len(workers(two)) == 2 and killed not in workers(two), "another worker is there", 20)
    assert left in workers(two)
    two.await_ready()
    assert two.metric(ACCEPTED) >= 41
    assert two.metric("winnow_http_requests_in_flight") == 0
    assert two.metric("process_resident_memory_bytes") > 0


def once(running: Gateway, line: bytes, body: bytes = b"") -> bytes:
    """One request by a connection of its own, and the answer's beginning."""
    with running.connected() as connection:
        length = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        connection.sendall(line + b" HTTP/1.1\r\nhost: x\r\n" + length + body)
        return connection.recv(100)


def test_connections_wait_while_the_only_worker_is_replaced_after_its_death(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1]) as running:
        os.kill(workers(running)[0], signal.SIGKILL)
        assert once(running, b"POST " + PROXY.encode(), webhook(alert())).startswith(b"HTTP/1.1 202")


def test_worker_that_was_told_to_stop_is_not_ready_and_closes_its_connections(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1], stop_delay="2s") as running:
        assert running.client.get("/readyz").status_code == 200
        running.process.terminate()
        wait_for(lambda: running.client.get("/readyz").status_code == 503, "it is not ready any more", 10)
        answer = running.client.get("/readyz")
        assert (answer.json()["reason"], answer.headers["connection"]) == ("draining", "close")
        taken = running.post(webhook(alert()))
        assert (taken.status_code, taken.headers["connection"]) == (202, "close")
        assert running.process.wait(timeout=20) == 0


def test_request_that_was_half_sent_at_sigterm_is_answered_and_told_unready(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1]) as running, running.connected() as late:
        late.sendall(b"GET /readyz HTTP/1.1\r\n")
        assert running.client.get("/healthz").status_code == 200  # a later connection: the first has been accepted
        running.process.terminate()
        wait_for(lambda: "Stopping worker-1" in running.log(), "it is ending", 10)
        late.sendall(b"host: x\r\n\r\n")
        assert late.recv(100).startswith(b"HTTP/1.1 503 ")
        assert running.process.wait(timeout=20) == 0


@pytest.mark.parametrize("how", [subprocess.Popen.terminate, subprocess.Popen.kill])
def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path,
    embedded: tuple[EmbeddedBroker, Kafka],
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[subprocess.Popen[bytes]], None],
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with gateway(tmp_path, embedded[1], workers=2) as running:
        running.client.get("/metrics")
        (made,) = folder.iterdir()
        assert made.stat().st_mode & 0o777 == 0o700
        how(running.process)
        wait_for(lambda: not list(folder.iterdir()), "it is empty", 10)


def test_workers_may_be_given_on_the_command_line(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> None:
    running = Gateway(tmp_path, embedded[1])
    running.start("--workers", "3")
    try:
        running.await_ready()
        wait_for(lambda: len(workers(running)) == 3, "three workers are there", 20)
    finally:
        running.close()


@pytest.mark.parametrize("wrong", ["0", "65", "two"])
def test_number_of_workers_that_cannot_be_is_refused(wrong: str) -> None:
    command = [sys.executable, "-m", "http_gateway", "--workers", wrong]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "--workers" in ended.stderr


def test_what_gateways_left_that_were_killed_whole_is_swept_and_that_of_living_ones_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "winnow-gateway-left"
    left.mkdir()
    (left / "owned").touch()
    living = Places(1)
    (folder,) = tmp_path.iterdir()
    assert folder != left
    other = Places(1)
    assert folder.exists()
    living.close()
    other.close()
    assert not list(tmp_path.iterdir())
