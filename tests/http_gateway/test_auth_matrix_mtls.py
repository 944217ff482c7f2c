"""The rows of the matrix that need certificates: alone, beside a token, and by whole subject."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography.x509 import load_pem_x509_certificate

from tests.http_gateway.test_contract import error
from tests.support.certificates import Authority, Pair
from tests.support.gateway import PROXY, alert, webhook
from tests.support.tls_gateway import TlsGateway, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

TOKEN = "a-token-beside-the-certificate"
NAME, OTHER = "am.example.com", "stranger.example.com"


def sources(subject: str) -> list[dict[str, object]]:
    return [
        {"name": "by_name", "mtls": {"names": [f"dns:{NAME}"]}},
        {"name": "by_subject", "mtls": {"subjects": [subject]}},
        {"name": "both", "mtls": {"names": ["dns:both.example.com"]}, "bearer": {"token": TOKEN}},
        {"name": "token", "bearer": {"token": "a-token-without-a-certificate"}},
    ]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def subject(authority: Authority) -> Pair:
    """Known by its subject, which only its issuer knows before."""
    return authority.issue("subject", "x.example.com", subject="am")


@pytest.fixture(scope="module")
def served(
    embedded: tuple[EmbeddedBroker, Kafka],
    authority: Authority,
    subject: Pair,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TlsGateway]:
    asks = {"client": "optional", "client_ca_file": str(authority.file)}
    known = sources(load_pem_x509_certificate(subject.cert.read_bytes()).subject.rfc4514_string())
    with tls_gateway(tmp_path_factory.mktemp("mtls"), embedded[1], authority, known, **asks) as started:
        yield started


def post(served: TlsGateway, client: Pair | None, **headers: str) -> httpx.Response:
    with served.sender(client) as sender:
        return sender.post(PROXY, content=webhook(alert()), headers={"content-type": "application/json", **headers})


def source_of(served: TlsGateway, answer: httpx.Response) -> object:
    (record,) = served.webhooks(answer.json()["ingest_id"])
    return record.header["source"]


@pytest.mark.parametrize("column", ["none", "wrong", "right", "rotated", "replayed"])
def test_matrix(served: TlsGateway, authority: Authority, column: str) -> None:
    """Rotated is a new certificate for the same name; what is replayed comes in a TLS connection of its own."""
    if column == "none":
        error(post(served, None), 401, "AUTHENTICATION_ERROR")
    elif column == "wrong":
        error(post(served, authority.issue("wrong", OTHER)), 401, "AUTHENTICATION_ERROR")
    else:
        pair = authority.issue("right", NAME)
        assert source_of(served, post(served, pair)) == "by_name"
        pair = authority.issue("right", NAME) if column == "rotated" else pair
        assert source_of(served, post(served, pair)) == "by_name"


def test_expired_certificate_does_not_get_through_the_handshake(served: TlsGateway, authority: Authority) -> None:
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        post(served, authority.issue("expired", NAME, ends=timedelta(days=-1)))


def test_certificate_of_another_authority_does_not_get_through_the_handshake(
    served: TlsGateway, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"))
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        post(served, stranger.issue("stranger", NAME))


def test_whole_subject_counts(served: TlsGateway, authority: Authority, subject: Pair) -> None:
    assert source_of(served, post(served, subject)) == "by_subject"
    # The same common name, but the rest of the subject differs.
    error(post(served, authority.issue("like it", "x.example.com", subject="am")), 401, "AUTHENTICATION_ERROR")


def test_certificate_and_token_must_both_hold(served: TlsGateway, authority: Authority) -> None:
    pair, token = authority.issue("both", "both.example.com"), {"authorization": f"Bearer {TOKEN}"}
    assert source_of(served, post(served, pair, **token)) == "both"
    error(post(served, pair), 401, "AUTHENTICATION_ERROR")
    error(post(served, None, **token), 401, "AUTHENTICATION_ERROR")


def test_source_without_a_certificate_comes_in_beside_them(served: TlsGateway) -> None:
    answer = post(served, None, authorization="Bearer a-token-without-a-certificate")
    assert source_of(served, answer) == "token"
