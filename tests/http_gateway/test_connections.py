"""Connections that are used well, and ones that break."""

from __future__ import annotations

import re
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import PROXY, alert, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

BODY = webhook(alert())


def request(body: bytes = BODY, announced: int | None = None) -> bytes:
    length = len(body) if announced is None else announced
    return f"POST {PROXY} HTTP/1.1\r\nhost: gateway\r\ncontent-length: {length}\r\n\r\n".encode() + body


def answers(connection: socket.socket, count: int) -> list[str]:
    """The status of each of so many answers."""
    received = b""
    while received.count(b'"ingest_id"') + received.count(b'"error":{') < count:
        part = connection.recv(65536)
        assert part, received
        received += part
    return [status.decode() for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def counted(running: Gateway, status: int) -> float:
    """How many requests were answered so."""
    begin = f'winnow_http_requests_total{{path="{PROXY}",status="{status}"}} '
    lines = running.client.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(begin)) for line in lines if line.startswith(begin))


def test_connection_is_kept_for_the_next_request(running: Gateway) -> None:
    with running.connected() as connection:
        for _ in range(3):
            connection.sendall(request())
            assert answers(connection, 1) == ["202"]


def test_requests_sent_ahead_are_answered_in_turn(running: Gateway) -> None:
    with running.connected() as connection:
        connection.sendall(request() + request(b"no JSON") + request())
        assert answers(connection, 3) == ["202", "400", "202"]


def test_connection_outlives_a_refused_body(running: Gateway) -> None:
    with running.connected() as connection:
        connection.sendall(request(b"no JSON"))
        assert answers(connection, 1) == ["400"]
        connection.sendall(request())
        assert answers(connection, 1) == ["202"]


@pytest.mark.parametrize("leaving", ["closes", "resets"])
def test_sender_that_leaves_in_the_middle_of_a_body_leaves_nothing_behind(running: Gateway, leaving: str) -> None:
    before = counted(running, 400)
    with running.connected() as connection:
        connection.sendall(request(announced=100_000))
        wait_for(lambda: "in_flight 1.0" in running.client.get("/metrics").text, "the body is being read", 10)
        if leaving == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: counted(running, 400) == before + 1, "the request has ended", 10)
    assert "in_flight 0.0" in running.client.get("/metrics").text
    assert running.quarantined(body_bytes=str(100_000)) == []


def test_sender_that_leaves_before_the_answer_has_its_alert_stored(running: Gateway) -> None:
    before = counted(running, 202)
    with running.connected() as connection:
        connection.sendall(request())
    wait_for(lambda: counted(running, 202) == before + 1, "the request has ended", 10)


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n\r\n"])
def test_chunks_that_are_none_are_answered_400(running: Gateway, chunk: bytes) -> None:
    head = f"POST {PROXY} HTTP/1.1\r\nhost: gateway\r\ntransfer-encoding: chunked\r\n\r\n"
    with running.connected() as connection:
        connection.sendall(head.encode() + chunk)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_length_beside_chunks_cuts_nothing_off(running: Gateway) -> None:
    head = f"POST {PROXY} HTTP/1.1\r\nhost: gateway\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (BODY[:2], BODY[2:]))
    with running.connected() as connection:
        connection.sendall(head.encode() + chunks + b"0\r\n\r\n")
        assert answers(connection, 1) == ["202"]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhook/proxy HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n",
        b"POST /webhook/proxy HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        b"GET / HTTP/1.1\r\nx: " + b"x" * 1_000_000 + b"\r\n\r\n",
    ],
    ids=["bytes", "version", "length", "two lengths", "large header"],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(running: Gateway, sent: bytes) -> None:
    with running.connected() as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
