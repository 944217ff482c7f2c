"""Certificate files that change while the gateway runs."""

from __future__ import annotations

import shutil
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import Authority
from tests.support.gateway import alert, webhook
from tests.support.product import wait_for
from tests.support.tls_gateway import HEALTH, TlsGateway, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="module")
def running(embedded: tuple[EmbeddedBroker, Kafka], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("tls")
    with tls_gateway(folder, embedded[1], Authority(folder)) as started:
        yield started


def renew(running: TlsGateway) -> int:
    """Put a new certificate where the old one was, and wait until it is shown; its serial number."""
    before = running.serial()
    running.authority.issue("server", "localhost", "127.0.0.1")
    wait_for(lambda: running.serial() != before, "the new certificate is shown", 10)
    return running.serial()


def test_new_certificate_is_shown_without_a_restart(running: TlsGateway) -> None:
    before = running.count('winnow_tls_reloads_total{result="reloaded"}')
    renew(running)
    assert running.count('winnow_tls_reloads_total{result="reloaded"}') == before + 1


def test_open_connection_outlives_a_new_certificate(running: TlsGateway) -> None:
    with running.shaken() as connection:
        connection.sendall(HEALTH)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        renew(running)
        connection.sendall(HEALTH)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_certificates_rotate_under_load_and_every_alert_is_taken(running: TlsGateway) -> None:
    statuses: list[int] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            with running.sender() as sender:  # a handshake each
                body = webhook(alert("rotated"))
                statuses.append(sender.post("/webhook/proxy", content=body).status_code)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    try:
        for _ in range(3):
            renew(running)
    finally:
        stop.set()
        for sender in senders:
            sender.join()
    assert set(statuses) == {202}
    assert len(statuses) > 20


def test_broken_pair_keeps_the_one_before_and_says_so_until_it_is_repaired(running: TlsGateway) -> None:
    before, kept = running.serial(), running.count('winnow_tls_reloads_total{result="kept"}')
    good = running.pair.key.read_bytes()
    running.pair.key.write_bytes(b"no key at all")
    wait_for(lambda: running.count('winnow_tls_reloads_total{result="kept"}') == kept + 1, "it is counted", 10)
    assert "certificate_kept" in running.log()
    assert running.serial() == before
    running.pair.key.write_bytes(good)
    assert renew(running) != before


def test_key_of_another_certificate_keeps_the_pair_before(running: TlsGateway) -> None:
    before, kept = running.serial(), running.count('winnow_tls_reloads_total{result="kept"}')
    other = running.authority.issue("other", "localhost")
    shutil.copy(other.key, running.pair.key)
    wait_for(lambda: running.count('winnow_tls_reloads_total{result="kept"}') == kept + 1, "it is counted", 10)
    assert running.serial() == before
    assert "does not belong" in running.log()
    renew(running)


def test_file_that_is_gone_keeps_the_pair_before(running: TlsGateway) -> None:
    before, kept = running.serial(), running.count('winnow_tls_reloads_total{result="kept"}')
    running.pair.cert.unlink()
    wait_for(lambda: running.count('winnow_tls_reloads_total{result="kept"}') == kept + 1, "it is counted", 10)
    assert running.serial() == before
    renew(running)


def test_changed_client_ca_holds_for_the_next_connection(
    embedded: tuple[EmbeddedBroker, Kafka], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ca")
    old, new = Authority(folder, "old-ca"), Authority(folder, "new-ca")
    trusted = folder / "trusted.pem"
    shutil.copy(old.file, trusted)
    settings = {"client": "required", "client_ca_file": str(trusted), "shows": old.issue("old", "am")}
    with tls_gateway(folder, embedded[1], Authority(folder), **settings) as running:
        shutil.copy(new.file, trusted)
        after = running.authority.context(new.issue("new", "am"))

        def is_trusted() -> bool:
            try:
                with running.shaken(after) as connection:
                    connection.sendall(HEALTH)
                    return connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            except (ssl.SSLError, ConnectionError):
                return False

        wait_for(is_trusted, "the new CA is trusted", 10)
        with pytest.raises(ssl.SSLError), running.shaken(running.authority.context(old.issue("old", "am"))) as again:
            again.recv(1)
        running.use(new.issue("new", "am"))
