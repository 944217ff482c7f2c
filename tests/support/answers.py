"""A target that answers as it is told: raw bytes for each request, in turn."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


def http(status: int, headers: str = "", body: str = "") -> bytes:
    """A whole answer."""
    return f"HTTP/1.1 {status} Told\r\ncontent-length: {len(body)}\r\n{headers}\r\n{body}".encode()


@asynccontextmanager
async def target(answers: Sequence[bytes | None]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Its URL and the request heads it got; None hangs, empty closes, and the last answer is given again and again."""
    heads: list[bytes] = []
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(sum(int(line.split(b":")[1]) for line in lengths))
                heads.append(head)
                answer = answers[min(len(heads), len(answers)) - 1]
                if answer is None:
                    await closing.wait()
                if not answer:
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", heads
    finally:
        closing.set()
        server.close()
