from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from connectors import egress
from connectors.poster import ANSWER_MAX_BYTES, Poster
from connectors.request import Request
from tests.support.answers import http, target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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


def test_a_connection_whose_request_was_not_read_is_not_used_again() -> None:
    """Another request would be taken for the rest of the first."""
    assert asyncio.run(connections(http(413), b"x" * 2**24, is_read=False)) == ([413] * 3, 3)


def test_what_comes_before_the_answer_is_none() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    answer, _ = asyncio.run(ask(b"HTTP/1.1 100 Continue\r\n\r\n" + hints + http(202)))
    assert answer.status == 202


def test_another_protocol_is_an_answer_and_ends_the_connection() -> None:
    switched = b"HTTP/1.1 101 Switched\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n"
    assert asyncio.run(connections(switched)) == ([101] * 3, 3)
