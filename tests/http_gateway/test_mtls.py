"""Client certificates at the gateway, over real sockets."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.certificates import Authority, Pair
from tests.support.gateway import alert, webhook
from tests.support.product import wait_for
from tests.support.tls_gateway import TlsGateway, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mtls")


@pytest.fixture(scope="module")
def senders(folder: Path) -> Authority:
    return Authority(folder, "senders-ca")


@pytest.fixture(scope="module")
def running(embedded: tuple[EmbeddedBroker, Kafka], folder: Path, senders: Authority) -> Iterator[TlsGateway]:
    settings = {"client": "required", "client_ca_file": str(senders.file)}
    with tls_gateway(
        folder, embedded[1], Authority(folder), shows=senders.issue("test", "test"), **settings
    ) as started:
        yield started


def refusal(running: TlsGateway, client: Pair | None, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> str:
    """The alert a sender with this certificate gets."""
    context = running.authority.context(client)
    context.maximum_version = newest
    with pytest.raises(ssl.SSLError) as refused, running.shaken(context) as connection:
        # By TLS 1.3 the sender is done before the server has looked at its certificate.
        connection.recv(1)
    return str(refused.value.reason)


def test_sender_with_a_certificate_of_the_ca_is_served(running: TlsGateway) -> None:
    assert running.post(webhook(alert())).status_code == 202


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sender_without_a_certificate_is_told_that_one_is_required(running: TlsGateway, newest: ssl.TLSVersion) -> None:
    before = running.handshakes("certificate")
    assert refusal(running, None, newest) in ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE")
    assert running.handshakes("certificate") == before + 1


def test_expired_certificate_is_refused_as_such(running: TlsGateway, senders: Authority) -> None:
    expired = senders.issue("expired", "am", ends=timedelta(hours=-1))
    assert refusal(running, expired) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"


def test_certificate_of_another_ca_is_refused(running: TlsGateway, folder: Path) -> None:
    stranger = Authority(folder, "another-ca").issue("stranger", "am")
    assert refusal(running, stranger) == "TLSV1_ALERT_UNKNOWN_CA"


def test_certificate_of_the_ca_that_vouches_for_the_server_is_refused(running: TlsGateway) -> None:
    assert refusal(running, running.authority.issue("server-side", "am")) == "TLSV1_ALERT_UNKNOWN_CA"


def test_self_signed_certificate_is_refused(running: TlsGateway, folder: Path) -> None:
    lonely = Authority(folder, "lonely")
    assert refusal(running, lonely.itself()) in ("TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_BAD_CERTIFICATE")


def test_certificate_that_expires_while_its_connection_is_open_is_refused_from_then_on(
    running: TlsGateway, senders: Authority
) -> None:
    with running.sender(senders.issue("short", "am", ends=timedelta(seconds=3))) as short:
        assert short.get("/healthz").status_code == 200
        wait_for(lambda: short.get("/healthz").status_code == 403, "it has expired", 10)


def test_optional_means_that_a_wrong_certificate_is_refused_and_none_is_not(
    embedded: tuple[EmbeddedBroker, Kafka], tmp_path: Path
) -> None:
    authority, senders = Authority(tmp_path), Authority(tmp_path, "senders-ca")
    settings = {"client": "optional", "client_ca_file": str(senders.file)}
    with tls_gateway(tmp_path, embedded[1], authority, **settings) as running:
        assert running.post(webhook(alert())).status_code == 202
        with running.sender(senders.issue("am", "am")) as known:
            assert known.get("/healthz").status_code == 200
        with running.sender(authority.issue("stranger", "am")) as stranger, pytest.raises(httpx.TransportError):
            stranger.get("/healthz")
