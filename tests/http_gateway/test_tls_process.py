"""What becomes of TLS connections when processes end, one way or another."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from tests.support.certificates import Authority
from tests.support.gateway import PROXY, alert, webhook
from tests.support.product import wait_for
from tests.support.tls_gateway import HEALTH, TlsGateway, received, tls_gateway

if TYPE_CHECKING:
    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

    Embedded = tuple[EmbeddedBroker, Kafka]

BODY = webhook(alert())


def relays(running: TlsGateway) -> list[int]:
    """The processes of its relays."""
    found = Path(f"/proc/{running.process.pid}/task").glob("*/children")
    children = [int(child) for listed in found for child in listed.read_text().split()]
    return [child for child in children if b"http_gateway.tls" in Path(f"/proc/{child}/cmdline").read_bytes()]


def workers(running: TlsGateway) -> list[int]:
    """The processes of its workers: forks of the main process."""
    listed = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    return [int(child) for child in listed if int(child) not in relays(running)]


def folder_of(running: TlsGateway) -> Path:
    """Its private folder."""
    (relay, *_) = relays(running)
    orders = yaml.safe_load(Path(f"/proc/{relay}/cmdline").read_bytes().split(b"\0")[3])
    return Path(orders["folder"])


def test_log_says_where_senders_come_to(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        assert f'"url": "https://127.0.0.1:{running.port}"' in running.log()
        assert '"listening"' in running.log()


def test_killed_relay_is_replaced_and_no_connection_is_refused(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        (relay,) = relays(running)
        os.kill(relay, signal.SIGKILL)
        with running.sender() as sender:  # it waits until the next relay takes it
            assert sender.post(PROXY, content=BODY).status_code == 202
        assert relay not in relays(running)
        assert "relay_ended" in running.log()
        assert running.handshakes("ok") >= 2  # what it counted is not lost


def test_senders_wait_while_the_only_worker_is_replaced_after_its_death(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running, running.shaken() as connection:
        _ask(connection)
        (worker,) = workers(running)
        os.kill(worker, signal.SIGKILL)
        assert received(connection) == b""
        with running.sender() as sender:
            assert sender.post(PROXY, content=BODY).status_code == 202
        assert workers(running) != [worker]


def test_killed_main_process_frees_the_port_and_leaves_no_folder(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        folder = folder_of(running)
        running.process.kill()
        running.process.wait(timeout=10)

        def is_free() -> bool:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                return probe.connect_ex(("127.0.0.1", running.port)) != 0

        wait_for(is_free, "the port is free", 20)
        wait_for(lambda: not folder.exists(), "the folder is gone", 20)


def test_sigterm_answers_what_is_held_and_refuses_what_is_new(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        folder = folder_of(running)
        embedded[0].set_rtt(1000)
        try:
            statuses: list[int] = []
            senders = [threading.Thread(target=lambda: statuses.append(_post(running))) for _ in range(5)]
            for sender in senders:
                sender.start()
            wait_for(lambda: running.count("winnow_http_requests_in_flight") >= 5, "they are held", 10)
            running.process.terminate()
            wait_for(lambda: not _is_taken(running.port), "new ones are refused", 3)
            assert statuses == []
            for sender in senders:
                sender.join()
            assert statuses == [202] * 5
            assert running.process.wait(timeout=20) == 0
        finally:
            embedded[0].set_rtt(0)
        assert not folder.exists()
        assert "Traceback" not in running.log()


def test_idle_connection_does_not_hold_up_the_end(embedded: Embedded, tmp_path: Path) -> None:
    with (
        tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running,
        running.shaken() as silent,
        running.shaken() as idle,
    ):
        idle.sendall(HEALTH)
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        running.process.terminate()
        assert received(silent) == b""
        assert received(idle) == b""
        assert running.process.wait(timeout=10) == 0


def test_workers_are_replaced_and_no_sender_notices(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path), settings={"workers": 2}) as running:
        statuses: list[int] = []
        stop = threading.Event()

        def send() -> None:
            with running.sender() as sender:
                while not stop.is_set():
                    statuses.append(sender.post(PROXY, content=BODY).status_code)

        senders = [threading.Thread(target=send) for _ in range(4)]
        for sender in senders:
            sender.start()
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: '"reloaded"' in running.log(), "both are replaced", 30)
        stop.set()
        for sender in senders:
            sender.join()
        assert set(statuses) == {202}


def test_settings_change_by_sighup_and_a_change_that_cannot_be_used_does_not(
    embedded: Embedded, tmp_path: Path
) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        config = Path(running.environ["WINNOW_CONFIG"])
        text = config.read_text()
        config.write_text(text.replace("server.key", "none.key"))
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reload_refused" in running.log(), "it is refused", 20)
        assert "none.key" in running.log()
        before = relays(running)
        changed = yaml.safe_load(text)
        changed["gateway"]["tls"]["min_version"] = "1.3"
        config.write_text(yaml.safe_dump(changed))
        with running.shaken() as open_before:
            open_before.sendall(HEALTH)
            assert open_before.recv(65536).startswith(b"HTTP/1.1 200 ")
            running.process.send_signal(signal.SIGHUP)
            old = running.authority.context()
            old.maximum_version = ssl.TLSVersion.TLSv1_2

            def is_refused() -> bool:
                try:
                    with running.shaken(old):
                        return False
                except OSError:
                    return True

            wait_for(is_refused, "TLS 1.2 is not spoken any more", 20)
        wait_for(lambda: not set(before) & set(relays(running)), "the relays before have ended", 20)
        assert running.post(BODY).status_code == 202


def test_tls_cannot_be_switched_off_without_a_restart(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        config = Path(running.environ["WINNOW_CONFIG"])
        changed = yaml.safe_load(config.read_text())
        del changed["gateway"]["tls"]
        config.write_text(yaml.safe_dump(changed))
        running.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reload_refused" in running.log(), "it is refused", 20)
        assert running.post(BODY).status_code == 202


def test_full_relay_closes_what_comes_more_and_serves_what_it_has(embedded: Embedded, tmp_path: Path) -> None:
    full = {"limits": {"connections": 3}}
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path), settings=full) as running:
        with running.shaken() as first, running.shaken() as second:
            _ask(first)
            _ask(second)
            with pytest.raises(OSError), running.shaken():  # noqa: PT011 a reset or an end, as it comes
                pass
            _ask(first)
            assert running.count('winnow_tls_refused_total{reason="full"}') == 1
        wait_for(lambda: running.count("winnow_tls_connections") == 1, "they are gone", 10)
        with running.shaken() as again:
            _ask(again)


def test_sender_that_says_nothing_makes_room_for_one_that_does(embedded: Embedded, tmp_path: Path) -> None:
    full = {"limits": {"connections": 3}}
    with (
        tls_gateway(tmp_path, embedded[1], Authority(tmp_path), settings=full) as running,
        running.shaken() as silent,
        running.shaken(),
        running.shaken() as healthy,
    ):
        _ask(healthy)
        assert received(silent) == b""
        assert running.count('winnow_tls_refused_total{reason="silent"}') == 1


def test_sender_that_says_nothing_is_closed_in_time(embedded: Embedded, tmp_path: Path) -> None:
    short = {"limits": {"header_timeout": "1s"}}
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path), settings=short) as running, running.shaken() as silent:
        assert received(silent) == b""


def test_whoever_comes_to_a_worker_directly_is_nobody(embedded: Embedded, tmp_path: Path) -> None:
    with tls_gateway(tmp_path, embedded[1], Authority(tmp_path)) as running:
        inner = folder_of(running) / "inner0"
        assert inner.parent.stat().st_mode & 0o077 == 0
        assert inner.stat().st_mode & 0o077 == 0
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(inner))) as intruder:
            assert intruder.get("http://x/healthz").status_code == 403


def _post(running: TlsGateway) -> int:
    with running.sender() as sender:
        return sender.post(PROXY, content=BODY).status_code


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _ask(connection: ssl.SSLSocket) -> None:
    connection.sendall(HEALTH)
    assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
