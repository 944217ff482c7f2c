"""Connections that are made, judged and closed again, on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from connectors.names import UnhurriedResolver
from connectors.reach import Page, Reached, UnreachableError, connect, get
from tests.support.answers import http, target
from tests.support.certificates import Authority
from tests.support.product import free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_connecting_sends_not_a_byte() -> None:
    heard: list[bytes] = []

    async def tried() -> Reached:
        done = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read())
            writer.close()
            done.set()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            reached = await connect(f"http://localhost:{server.sockets[0].getsockname()[1]}/x", 10, allow_private=True)
            await asyncio.wait_for(done.wait(), 10)
            return reached

    assert asyncio.run(tried()).how == "TCP"
    assert heard == [b""]


def refused(url: str, *, allow_private: bool = True, timeout_s: float = 10.0) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        asyncio.run(connect(url, timeout_s, allow_private=allow_private))
    return caught.value


def test_address_that_no_target_may_have_is_not_connected_to() -> None:
    for url, allow_private in (
        ("http://127.0.0.1:1/", False),
        ("http://169.254.169.254/", True),
        ("http://0x7f.1/", True),
    ):
        found = refused(url, allow_private=allow_private)
        assert found.is_refused
        assert "address refused" in str(found)


def test_nobody_who_listens_is_told_without_the_address() -> None:
    port = free_port()
    found = refused(f"http://127.0.0.1:{port}/secret")
    assert (str(found), found.is_refused) == ("nobody listens there (connection refused)", False)


def test_server_that_does_not_shake_hands_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert str(refused(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.2)) == "no answer within 0.2 s"


def test_certificate_of_nobody_known_is_a_failure_of_tls(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)

    async def tried() -> None:
        async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context) as server:
            await connect(f"https://localhost:{server.sockets[0].getsockname()[1]}/", 10, allow_private=True)

    with pytest.raises(UnreachableError, match="TLS failed: unable to get local issuer certificate"):
        asyncio.run(tried())


def test_get_brings_status_and_body_and_sends_the_headers() -> None:
    async def tried() -> tuple[Page, list[bytes]]:
        async with target([http(401, body="who?")]) as (url, requests):
            return await get(f"{url}/models", {"authorization": "Bearer x"}, 10, allow_private=True), requests

    page, (request,) = asyncio.run(tried())
    assert page == Page(401, b"who?")
    assert request.startswith(b"GET /models HTTP/1.1")
    assert b"authorization: bearer x" in request.lower()


def test_get_where_nobody_listens_says_so() -> None:
    with pytest.raises(UnreachableError, match="nobody listens there"):
        asyncio.run(get(f"http://127.0.0.1:{free_port()}/", {}, 10, allow_private=True))


def test_name_without_an_address_is_told() -> None:
    class Nobody(UnhurriedResolver):
        async def resolve(self, *_: object) -> list[object]:  # type: ignore[override]
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(UnreachableError, match="its name has no address: Name or service not known"):
        asyncio.run(connect("http://hooks.example/", 10, allow_private=True, resolver=Nobody()))


def test_names_are_found_as_the_system_finds_them() -> None:
    async def found() -> set[str]:
        told = await UnhurriedResolver().resolve("localhost", 80, socket.AF_UNSPEC)
        assert {one["port"] for one in told} == {80}
        return {one["host"] for one in told}

    assert "127.0.0.1" in asyncio.run(found())


def test_name_that_is_none_raises_as_the_system_says() -> None:
    with pytest.raises(ValueError, match="label"):
        asyncio.run(UnhurriedResolver().resolve("a" * 300))
