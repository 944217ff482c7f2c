"""The process: how it starts, what it says when it cannot, how it ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import PROXY, Gateway, alert, gateway, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


def refused(folder: Path, config: str, **environ: str) -> list[str]:
    """What a gateway that cannot start prints, after a look at its exit status."""
    file = folder / "winnow.yaml"
    file.write_text(config)
    known = {"PATH": "", "WINNOW_CONFIG": str(file), **environ}
    ended = subprocess.run(
        [sys.executable, "-m", "http_gateway"], env=known, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def events(text: str) -> list[dict[str, object]]:
    """What a gateway has logged; Granian's own lines begin with `[`."""
    return [json.loads(line) for line in text.splitlines() if line and not line.startswith("[")]


def test_every_fault_of_the_configuration_is_told_and_nothing_else(tmp_path: Path) -> None:
    lines = refused(tmp_path, "kafka: {bootstrapp: a, partitions: 0}\ngateway: {max_body: 5}\n")
    assert len(lines) == 3
    assert all(f"{tmp_path}/winnow.yaml:" in line for line in lines)


def test_missing_configuration_is_told_in_one_line(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, "", WINNOW_CONFIG=str(tmp_path / "none.yaml"))
    assert "none.yaml" in line


def test_setting_that_librdkafka_does_not_know_is_told_in_one_line(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, "kafka: {client: {no.such: thing}}\ngateway: {listen: '127.0.0.1:0'}\n")
    assert line.startswith("kafka.client: ")
    assert "no.such" in line


def test_taken_port_is_told_in_one_line_that_names_it_and_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (line,) = refused(tmp_path, f"gateway: {{listen: '127.0.0.1:{port}'}}\n")
    assert str(port) in line
    assert "WINNOW_LISTEN" in line


@pytest.mark.parametrize("listen", ["no.such.host.invalid:8080", "192.0.2.1:8080"])
def test_address_of_another_machine_is_told_in_one_line(tmp_path: Path, listen: str) -> None:
    (line,) = refused(tmp_path, "", WINNOW_LISTEN=listen)
    assert listen in line
    assert "WINNOW_LISTEN" in line


def test_name_of_a_host_may_be_listened_on(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> None:
    made = Gateway(tmp_path, embedded[1])
    made.environ["WINNOW_LISTEN"] = f"localhost:{made.port}"
    made.url = f"http://localhost:{made.port}"
    made.start()
    try:
        wait_for(made.is_ready, "the gateway is ready", 20)
        assert {"url": made.url, "workers": 1}.items() <= events(made.log())[0].items()
    finally:
        made.close()


def test_sigterm_ends_it_with_0_and_each_event_is_one_line_of_json(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1]) as running:
        running.post(webhook(alert()))
        assert running.terminate() == 0
        told = [event["event"] for event in events(running.log())]
        assert told == ["listening", "opened_to_this_machine_only", "became_ready", "stopped"]


def test_sigterm_lets_requests_under_way_be_answered(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> None:
    kafka, settings = embedded
    with gateway(tmp_path, settings) as running:
        assert running.post(webhook(alert())).status_code == 202
        kafka.set_rtt(700)
        statuses: list[int] = []
        senders = [
            threading.Thread(target=lambda: statuses.append(running.post(webhook(alert())).status_code))
            for _ in range(5)
        ]
        for sender in senders:
            sender.start()
        with running.connected() as late:
            body = webhook(alert())
            late.sendall(f"POST {PROXY} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body[:9])
            wait_for(lambda: "in_flight 6.0" in running.client.get("/metrics").text, "six are under way", 10)
            running.process.terminate()
            wait_for(lambda: "Shutting down" in running.log(), "it is ending", 10)
            late.sendall(body[9:])
            assert late.recv(100).startswith(b"HTTP/1.1 202 ")
        for sender in senders:
            sender.join()
        assert statuses == [202] * 5
        assert running.process.wait(timeout=20) == 0
        kafka.set_rtt(0)


def test_sigterm_while_kafka_is_away_does_not_wait_for_it(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1], produce_timeout="1s") as running:
        embedded[0].set_down()
        try:
            assert running.post(webhook(alert())).status_code == 503
            running.process.terminate()
            assert running.process.wait(timeout=4) == 0
            assert "Traceback" not in running.log()
        finally:
            embedded[0].set_up()


def test_sender_that_never_finishes_cannot_hold_up_the_end(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1], produce_timeout="100ms") as running, running.connected() as slow:
        slow.sendall(f"POST {PROXY} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{{".encode())
        wait_for(lambda: "in_flight 1.0" in running.client.get("/metrics").text, "it is being read", 10)
        running.process.terminate()
        assert running.process.wait(timeout=10) == 0


def test_worker_of_a_killed_gateway_ends_so_that_the_next_one_can_start(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    with gateway(tmp_path, embedded[1]) as first:
        first.process.kill()
        first.process.wait(timeout=10)
        wait_for(lambda: not _listens(first.port), "nobody listens any more")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
