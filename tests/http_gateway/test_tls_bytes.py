"""Bytes no TLS client would send, or not so."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import Authority
from tests.support.tls_gateway import HEALTH, TlsGateway, received, tls_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="module")
def running(embedded: tuple[EmbeddedBroker, Kafka], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("tls")
    with tls_gateway(folder, embedded[1], Authority(folder), handshake_timeout="2s") as started:
        yield started


class Client:
    """TLS in memory, whose records go over a bare connection as the test wants."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def hello(self) -> bytes:
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()


def test_connection_that_comes_byte_by_byte_is_served(running: TlsGateway) -> None:
    client = Client(running.authority.context())
    with running.connected() as connection:
        for byte in client.hello():
            connection.sendall(bytes([byte]))
        while True:
            client.incoming.write(connection.recv(65536))
            try:
                client.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
        client.tls.write(HEALTH)
        for byte in client.outgoing.read():
            connection.sendall(bytes([byte]))
        answer = b""
        while b'{"status":"ok"}' not in answer:
            client.incoming.write(connection.recv(65536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += client.tls.read(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_garbage_after_the_handshake_ends_the_connection(running: TlsGateway) -> None:
    with running.shaken() as connection:
        connection.sendall(HEALTH)
        assert connection.recv(65536)
        with socket.socket(fileno=connection.detach()) as bare:
            bare.settimeout(20)
            bare.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            received(bare)


def test_spoilt_hellos_end_in_an_alert_or_in_silence_and_harm_nobody(running: TlsGateway) -> None:
    chance = random.Random(5)
    for _ in range(100):
        hello = bytearray(Client(running.authority.context()).hello())
        for _ in range(chance.randrange(1, 6)):
            hello[chance.randrange(len(hello))] = chance.randrange(256)
        with running.connected() as connection:
            connection.sendall(hello[: chance.randrange(1, len(hello) + 1)])
            connection.shutdown(socket.SHUT_WR)
            received(connection)
    assert running.client.get("/healthz").status_code == 200
    assert "Traceback" not in running.log()


def test_sender_that_resets_in_the_middle_harms_nobody(running: TlsGateway) -> None:
    for _ in range(20):
        with running.shaken() as connection:
            connection.sendall(b"POST /webhook/proxy HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
            # Closed so, it is reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert running.client.get("/healthz").status_code == 200
    assert "Traceback" not in running.log()
