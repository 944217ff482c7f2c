from __future__ import annotations

import asyncio
import contextlib
import ssl
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientConnectorCertificateError, TCPConnector

from connectors import egress
from connectors.poster import ANSWER_MAX_BYTES, Poster
from connectors.request import Request
from tests.support.answers import http, target
from tests.support.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from connectors.request import Answer

WITHIN = timedelta(seconds=20)


@asynccontextmanager
async def posting() -> AsyncIterator[Poster]:
    poster = Poster(egress.connector(allow_private=True))
    try:
        yield poster
    finally:
        await poster.close()


async def ask(answer: bytes, **headers: str) -> tuple[Answer, bytes]:
    """What is answered, and the head of the request."""
    async with target([answer]) as (url, heads), posting() as poster:
        return await poster.send(Request(f"{url}/a b?c=d", headers, b"{}"), WITHIN), heads[0]


async def connections(answer: bytes, body: bytes = b"{}", *, is_read: bool = True) -> tuple[list[int], int]:
    """What is answered to three requests, and over how many connections they came."""
    served: list[asyncio.Task[None] | None] = []
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if is_read:
                    await reader.readexactly(len(body))
                writer.write(answer)
                if not is_read:
                    await closing.wait()
                    break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with posting() as poster:
            told = [await poster.send(Request(url, {}, body), WITHIN) for _ in range(3)]
        closing.set()
        await asyncio.gather(*filter(None, served))
    return [answer.status for answer in told], len(served)


def test_an_answer_has_its_status_headers_and_body() -> None:
    answer, _ = asyncio.run(ask(http(418, "X-Told: it\r\n", "no")))
    assert (answer.status, answer.body, answer.headers["x-told"]) == (418, b"no", "it")


@pytest.mark.parametrize("place", ["", "/", "/a b/%2F?c=d&e=%20#f", "/\u00fc"])
@pytest.mark.parametrize("user", ["", "me:pa%20ss@"])
def test_a_request_is_written_as_aiohttps_client_does(place: str, user: str) -> None:
    headers = {"content-type": "application/json", "x-team": "one, two"}

    async def go() -> list[bytes]:
        async with (
            target([http(200)]) as (url, heads),
            posting() as poster,
            egress.session(allow_private=True) as client,
        ):
            whole = url.replace("//", f"//{user}") + place
            await poster.send(Request(whole, headers, b"{}"), WITHIN)
            async with client.post(whole, headers=headers, data=b"{}"):
                return heads

    ours, theirs = (head.split(b"\r\n") for head in asyncio.run(go()))
    assert ours[0] == theirs[0]
    assert sorted(ours) == sorted(theirs)


def test_a_header_of_the_request_takes_the_place_of_the_clients() -> None:
    _, head = asyncio.run(ask(http(200), **{"user-agent": "Team"}))
    assert head.lower().count(b"user-agent") == 1
    assert b"user-agent: Team\r\n" in head


@pytest.mark.parametrize("value", ["a\r\nx-other: b", "a\nb", "a\rb", "a\0b"])
def test_a_header_that_would_be_two_is_not_sent(value: str) -> None:
    async def go() -> list[bytes]:
        async with target([http(200)]) as (url, heads), posting() as poster:
            with pytest.raises(ValueError, match="line break"):
                await poster.send(Request(url, {"x-team": value}, b""), WITHIN)
            return heads

    assert asyncio.run(go()) == []


def test_requests_share_a_connection_that_was_read_to_its_end() -> None:
    assert asyncio.run(connections(http(200, body="told"))) == ([200] * 3, 1)
    assert asyncio.run(connections(http(204))) == ([204] * 3, 1)


@pytest.mark.parametrize(
    "answer",
    [http(200, body="x" * 2 * ANSWER_MAX_BYTES), http(200, "connection: close\r\n")],
)
def test_a_connection_is_not_used_again_if_anything_may_still_come(answer: bytes) -> None:
    assert asyncio.run(connections(answer)) == ([200] * 3, 3)


@pytest.mark.parametrize("size", [2**18, 2**24])
def test_a_connection_whose_request_was_not_read_is_not_used_again(size: int) -> None:
    """Another request would be taken for the rest of the first, also if the kernel has room for all of that."""
    assert asyncio.run(connections(http(413), b"x" * size, is_read=False)) == ([413] * 3, 3)


def test_a_large_request_that_was_taken_keeps_its_connection() -> None:
    assert asyncio.run(connections(http(200), b"x" * 2**18)) == ([200] * 3, 1)


def test_what_comes_after_an_answer_is_not_the_answer_to_the_next_request() -> None:
    """Else a notification that is refused counts as told."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(http(503))
        writer.close()

    async def go() -> list[int]:
        async with (
            await asyncio.start_server(serve, "127.0.0.1", 0) as server,
            target([http(202)]) as (other, _),
            posting() as poster,
        ):
            asked = Request(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {}, b"")
            first = await poster.send(asked, WITHIN)
            writers[0].write(http(200))
            await poster.send(Request(other, {}, b""), WITHIN)  # when that is back, the other answer has come
            return [first.status, (await poster.send(asked, WITHIN)).status]

    assert asyncio.run(go()) == [503, 503]


def test_nothing_of_a_request_is_sent_once_it_is_given_up() -> None:
    """What the target takes later would overtake what it was told meanwhile."""
    body, taken = b"x" * 2**26, 0
    given_up, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        await given_up.wait()
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(2**16):
                taken += len(part)
        writer.close()
        ended.set()

    async def go() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, posting() as poster:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            with pytest.raises(TimeoutError):
                await poster.send(Request(url, {}, body), timedelta(milliseconds=200))
            given_up.set()
            await ended.wait()

    asyncio.run(go())
    assert taken < len(body)


def test_what_comes_before_the_answer_is_none() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    answer, _ = asyncio.run(ask(b"HTTP/1.1 100 Continue\r\n\r\n" + hints + http(202)))
    assert answer.status == 202


def test_another_protocol_is_an_answer_and_ends_the_connection() -> None:
    switched = b"HTTP/1.1 101 Switched\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"
    assert asyncio.run(connections(switched)) == ([101] * 3, 3)


async def over_tls(authority: Authority, identity: str, connector: Callable[[], TCPConnector]) -> int:
    """What is answered by somebody at 127.0.0.1 who shows a certificate for `identity`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("target", identity))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(200, "connection: close\r\n"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        poster = Poster(connector())
        try:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            return (await poster.send(Request(url, {}, b""), WITHIN)).status
        finally:
            await poster.close()


def test_certificate_is_checked_and_whose_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    def trusting() -> TCPConnector:
        return TCPConnector(ssl=authority.context())

    assert asyncio.run(over_tls(authority, "127.0.0.1", trusting)) == 200
    for identity, connector in (
        ("hooks.example.com", trusting),
        ("127.0.0.1", lambda: egress.connector(allow_private=True)),
    ):
        with pytest.raises(ClientConnectorCertificateError):
            asyncio.run(over_tls(authority, identity, connector))
