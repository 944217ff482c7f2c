"""TLS at the gateway, over real sockets."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.gateway import alert, webhook
from tests.support.product import wait_for
from tests.support.tls_gateway import HEALTH, TlsGateway, received, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="module")
def running(embedded: tuple[EmbeddedBroker, Kafka], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("tls")
    settings = {"handshake_timeout": "500ms", "max_handshakes": 20}
    with tls_gateway(folder, embedded[1], Authority(folder), **settings) as started:
        yield started


def test_webhook_that_comes_by_tls_is_in_kafka(running: TlsGateway) -> None:
    answer = running.post(webhook(alert()))
    assert answer.status_code == 202
    assert len(running.webhooks(answer.json()["ingest_id"])) == 1


def test_answers_by_tls_tell_browsers_to_stay_with_it(running: TlsGateway) -> None:
    for path in ("/healthz", "/webhook/proxy", "/no/such/path"):
        assert "strict-transport-security" in running.client.get(path).headers, path


def test_body_of_many_packets_arrives_whole(running: TlsGateway) -> None:
    long = "x" * 60_000
    alerts = [alert(str(number), annotations={"summary": long}) for number in range(100)]
    answer = running.post(webhook(*alerts))
    assert answer.status_code == 202
    records = running.webhooks(answer.json()["ingest_id"])
    assert sorted(line["labels"]["instance"] for record in records for line in record.alerts) == sorted(  # type: ignore[index]
        str(number) for number in range(100)
    )


def test_sender_that_reads_late_gets_every_answer(running: TlsGateway) -> None:
    with running.shaken() as connection:
        metrics = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n"
        for _ in range(200):
            connection.sendall(metrics)
        connection.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        answers = received(connection)
    assert answers.count(b"HTTP/1.1 200 ") == 201
    assert answers.endswith(b'{"status":"ok"}')


def test_answer_before_the_end_of_a_body_reaches_the_sender(running: TlsGateway) -> None:
    head = b"POST /webhook/proxy HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n"
    with running.shaken() as connection:
        connection.sendall(head + b" " * 65536)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_plain_http_is_told_that_this_is_tls_and_counted(running: TlsGateway) -> None:
    before = running.handshakes("plain-http")
    with running.connected() as connection:
        connection.sendall(HEALTH)
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"https://" in answer
    assert running.handshakes("plain-http") == before + 1


def test_bytes_that_are_no_tls_are_closed_and_counted(running: TlsGateway) -> None:
    with running.connected() as connection:
        connection.sendall(b"\x00\x01\x02\x03" * 100)
        received(connection)
    wait_for(lambda: running.handshakes("protocol") + running.handshakes("error") > 0, "it is counted", 10)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_0_is_refused_by_an_alert_and_counted(running: TlsGateway) -> None:
    old = running.authority.context()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    before = running.handshakes("protocol")
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"), running.shaken(old):
        pass
    assert running.handshakes("protocol") == before + 1


def test_both_versions_and_http_1_1_are_spoken(running: TlsGateway) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = running.authority.context()
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2", "http/1.1"])
        with running.shaken(context) as connection:
            assert connection.selected_alpn_protocol() == "http/1.1"


def test_sender_that_never_shakes_hands_is_closed_in_time(running: TlsGateway) -> None:
    before = running.handshakes("timeout")
    with running.connected() as silent:
        assert received(silent) == b""
    wait_for(lambda: running.handshakes("timeout") > before, "it is counted", 10)


def test_senders_that_never_shake_hands_keep_nobody_out(running: TlsGateway) -> None:
    before = running.handshakes("displaced")
    silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(60)]
    try:
        with running.sender() as healthy:
            assert healthy.get("/healthz").status_code == 200
        assert running.handshakes("displaced") - before >= 40
    finally:
        for connection in silent:
            connection.close()


def test_sender_that_does_not_trust_the_certificate_is_counted_as_broken_off(running: TlsGateway) -> None:
    before = running.handshakes("broken-off")
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=ssl.create_default_context()) as stranger:
        stranger.get(f"{running.url}/healthz")
    wait_for(lambda: running.handshakes("broken-off") > before, "it is counted", 10)


def test_open_connections_are_counted_and_go(running: TlsGateway) -> None:
    with running.shaken():
        wait_for(lambda: running.count("winnow_tls_connections") >= 2, "both are counted", 10)
    wait_for(lambda: running.count("winnow_tls_connections") == 1, "one is left", 10)


def test_expiry_of_the_certificate_is_a_metric(running: TlsGateway) -> None:
    with running.shaken() as connection:
        told = ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    assert running.count("winnow_tls_certificate_expiry_seconds") == told
