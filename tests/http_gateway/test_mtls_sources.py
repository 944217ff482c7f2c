"""Sources that prove who they are by a client certificate, over real sockets and with several workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.x509 import load_pem_x509_certificate

from tests.support.certificates import Authority
from tests.support.gateway import PROXY, alert, webhook
from tests.support.tls_gateway import TlsGateway, received, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker
    from tests.support.certificates import Pair

BODY = webhook(alert())
HEAD = f"POST {PROXY} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(BODY)}\r\n\r\n"
REQUEST = HEAD.encode() + BODY


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("senders"), "senders-ca")


@pytest.fixture(scope="module")
def team(senders: Authority) -> Pair:
    return senders.issue("team", "other.example.com", subject='team "+#=, the; <\\>')


@pytest.fixture(scope="module")
def running(
    embedded: tuple[EmbeddedBroker, Kafka],
    senders: Authority,
    team: Pair,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("gateway")
    subject = load_pem_x509_certificate(team.cert.read_bytes()).subject.rfc4514_string()
    sources = [
        {"name": "mesh", "mtls": {"names": ["dns:am.example.com", "ip:2001:db8::1"]}},
        {"name": "team", "mtls": {"subjects": [subject]}},
    ]
    tls = {"client": "optional", "client_ca_file": str(senders.file)}
    with tls_gateway(folder, embedded[1], Authority(folder), sources, settings={"workers": 2}, **tls) as started:
        yield started


@pytest.mark.parametrize(
    ("identities", "subject", "status"),
    [
        (("am.example.com",), "", 202),
        (("other.example.com", "am.example.com"), "", 202),
        (("2001:db8::1",), "", 202),
        (("other.example.com",), "am.example.com", 401),
        (("am.example.com.evil.example",), "", 401),
        (("*.example.com",), "", 401),
        (("other.example.com",), "team", 401),
    ],
)
def test_certificate_lets_in_whom_a_source_names(
    running: TlsGateway, senders: Authority, identities: tuple[str, ...], subject: str, status: int
) -> None:
    with running.sender(senders.issue("sender", *identities, subject=subject)) as sender:
        assert sender.post(PROXY, content=BODY).status_code == status


def test_certificate_lets_in_whom_a_source_names_by_a_subject_that_has_to_be_escaped(
    running: TlsGateway, team: Pair
) -> None:
    with running.sender(team) as sender:
        assert sender.post(PROXY, content=BODY).status_code == 202


def test_sender_without_a_certificate_is_let_in_by_no_source(running: TlsGateway) -> None:
    assert running.post(BODY).status_code == 401


def test_every_connection_has_its_own_identity_whichever_worker_serves_it(
    running: TlsGateway, senders: Authority
) -> None:
    known = running.authority.context(senders.issue("known", "am.example.com"))
    unknown = running.authority.context(senders.issue("unknown", "other.example.com"))
    for number in range(10):
        with running.shaken(known if number % 2 else unknown) as connection:
            connection.sendall(REQUEST)
            answer = received(connection)
        assert answer.startswith(b"HTTP/1.1 202 ") == bool(number % 2), answer


def test_resumed_session_is_still_the_same_sender(running: TlsGateway, senders: Authority) -> None:
    context = running.authority.context(senders.issue("resumed", "am.example.com"))
    reused = 0
    with running.shaken(context) as first:
        first.sendall(REQUEST)
        assert received(first).startswith(b"HTTP/1.1 202 ")
        session = first.session
    for _ in range(10):  # each of the two relays has its own tickets
        with running.shaken(context, session) as again:
            reused += bool(again.session_reused)
            again.sendall(REQUEST)
            assert received(again).startswith(b"HTTP/1.1 202 ")
    assert reused
