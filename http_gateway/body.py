"""Reading a request body: within its limits, in its time, and no further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from alerts.errors import FormatError
from http_gateway import encoding, limits
from http_gateway.answers import RefusedError

if TYPE_CHECKING:
    from alerts.config import Gateway

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

JSON = frozenset({b"application/json"})
"""What a format takes that names no `TYPES`."""

# More than this may expand to megabytes, and that takes milliseconds: in a thread, where others need not wait for it.
_INLINE_MAX_BYTES = 4096
_SWEEP_EVERY_S = 0.25


class Incomplete:
    """A request whose body is not all there."""

    __slots__ = ("_task", "deadline", "is_cut_off", "is_over")

    def __init__(self, task: asyncio.Task[object], deadline: float) -> None:
        self._task = task
        self.deadline = deadline
        self.is_cut_off = False
        self.is_over = False
        """Nobody waits for its body any more."""

    def cut_off(self) -> None:
        """Wait for its body no longer."""
        if not self.is_over and not self.is_cut_off:
            self.is_cut_off = True
            self._task.cancel()


class Reader:
    """Reads bodies as the settings allow."""

    def __init__(self, settings: Gateway) -> None:
        self._limit_bytes = settings.max_body
        self._compressed_bytes = settings.limits.compressed_body
        self._within_s = settings.request_timeout.total_seconds()
        self._idle_s = min(settings.limits.idle_timeout.total_seconds(), self._within_s)
        self._incomplete_max = settings.limits.incomplete
        # One body alone always has room.
        self._incomplete_bytes = max(settings.limits.incomplete_size, self._limit_bytes, self._compressed_bytes)
        self._incomplete: dict[Incomplete, int] = {}
        """Of the requests whose body is not all there, the longest waiting first: how many bytes of it are."""
        self._sweeping: asyncio.TimerHandle | None = None
        self._held_bytes = 0
        """Of all these together."""

    async def read(self, headers: dict[bytes, bytes], receive: Receive, types: frozenset[bytes] = JSON) -> bytes:
        """The whole body as it came; `expanded` makes it readable, once its sender is known.

        Args:
            headers: The request's, names in lower case.
            receive: ASGI's.
            types: Content types that are taken, in lower case; no type at all always is.

        Raises:
            RefusedError: Another type or encoding (415), over a limit (413), not sent in time (504), or it
                ended before it was complete (400; perhaps there is nobody left to answer).
        """
        check_type(headers, types)
        coding = _coding(headers)
        limit_bytes = self._limit_bytes if coding is None else self._compressed_bytes
        given = headers.get(b"content-length", b"")
        # RFC 9112 section 6.3: beside chunks a length means nothing.
        announced_bytes = int(given) if given.isdigit() and b"transfer-encoding" not in headers else None
        if announced_bytes is not None and announced_bytes > limit_bytes:
            raise _too_large(limit_bytes)
        task = asyncio.current_task()
        assert task is not None
        mine = Incomplete(task, task.get_loop().time() + self._idle_s)
        self._begin(mine)
        try:
            return await self._all(receive, limit_bytes, announced_bytes, mine)
        except asyncio.CancelledError:
            if not mine.is_cut_off:
                raise
            task.uncancel()
            raise self._too_slow(mine) from None
        finally:
            mine.is_over = True
            self._forget(mine)

    def _begin(self, one: Incomplete) -> None:
        """One timer for all, as one each costs a request 5 %."""
        self._incomplete[one] = 0
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_EVERY_S, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in [one for one in self._incomplete if one.deadline <= now]:
            one.cut_off()
        self._sweeping = loop.call_later(_SWEEP_EVERY_S, self._sweep) if self._incomplete else None

    async def _all(self, receive: Receive, limit_bytes: int, announced_bytes: int | None, mine: Incomplete) -> bytes:
        parts: list[bytes] = []
        size_bytes = 0
        more = True
        ends_at = 0.0
        # To be told that nothing follows what was announced costs 7 % of a request.
        while more and size_bytes != announced_bytes:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise RefusedError(400, "VALIDATION_ERROR", "the body ended before it was complete")
            part = event.get("body", b"")
            size_bytes += len(part)
            if size_bytes > limit_bytes:
                raise _too_large(limit_bytes)
            parts.append(part)
            more = event.get("more_body", False)
            if more and size_bytes != announced_bytes:
                ends_at = self._wait_on(mine, ends_at, size_bytes)
        return b"".join(parts)

    def _wait_on(self, mine: Incomplete, ends_at: float, size_bytes: int) -> float:
        """Give the next part its time, within that of the whole; returns when that ends."""
        now = asyncio.get_running_loop().time()
        ends_at = ends_at or now + self._within_s
        if mine in self._incomplete:  # else it has been cut off
            mine.deadline = min(now + self._idle_s, ends_at)
            self._held_bytes += size_bytes - self._incomplete[mine]
            self._incomplete[mine] = size_bytes
        # Slow senders make room for each other, not for anyone else: who sends all at once is never among them.
        if len(self._incomplete) > self._incomplete_max:
            self._drop(next(iter(self._incomplete)))
        if self._held_bytes > self._incomplete_bytes:
            self._drop(max(self._incomplete, key=self._incomplete.__getitem__))
        return ends_at

    def _drop(self, one: Incomplete) -> None:
        self._forget(one)
        # Soon, and not now: it may be the one that runs, and be complete before it waits again.
        asyncio.get_running_loop().call_soon(one.cut_off)

    def _forget(self, one: Incomplete) -> None:
        self._held_bytes -= self._incomplete.pop(one, 0)

    def _too_slow(self, one: Incomplete) -> RefusedError:
        if one in self._incomplete:
            return limits.over("slow", 504, "TIMEOUT_ERROR", "the body did not arrive in time")
        message = "too many bodies are under way, and this one waited longest for its next part, or was the largest"
        return limits.over("incomplete", 503, "SERVICE_UNAVAILABLE", message, ((b"retry-after", b"1"),))

    async def expanded(self, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """What `read` gave, no longer compressed.

        Raises:
            RefusedError: It is not what its content-encoding says (400), or over the limit (413).
        """
        coding = _coding(headers)
        if coding is None:
            return body
        try:
            if len(body) <= _INLINE_MAX_BYTES:
                expanded = encoding.expand(coding, body, self._limit_bytes)
            else:
                expanded = await asyncio.to_thread(encoding.expand, coding, body, self._limit_bytes)
        except FormatError as error:
            raise RefusedError(400, "VALIDATION_ERROR", str(error)) from error
        if expanded is None:
            message = f"the body is over the limit of {self._limit_bytes} bytes when expanded"
            raise limits.too_large("expanded_body", message)
        return expanded


def check_type(headers: dict[bytes, bytes], types: frozenset[bytes] = JSON) -> None:
    """Refuse what is of another type by its headers; no type at all is accepted.

    Raises:
        RefusedError: 415.
    """
    given = headers.get(b"content-type", b"")
    if given in types:
        return
    kind = given.split(b";", 1)[0].strip().lower()
    if kind and kind not in types:
        expected = b" or ".join(sorted(types)).decode()
        came = kind[:60].decode("latin-1")
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", f"expected {expected}, got {came}")


def _coding(headers: dict[bytes, bytes]) -> bytes | None:
    """How the body is compressed; None: not at all."""
    given = headers.get(b"content-encoding")
    if given is None:
        return None
    coding = given.strip().lower()
    if coding in {b"", b"identity"}:
        return None
    if coding not in encoding.ENCODINGS:
        # RFC 9110 section 15.5.16: the answer says what would be taken.
        offered = ((b"accept-encoding", encoding.ACCEPTED),)
        came = coding[:60].decode("latin-1")
        message = f"expected content-encoding gzip, zstd or none, got {came}"
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", message, headers=offered)
    return coding


def _too_large(limit_bytes: int) -> RefusedError:
    return limits.too_large("body", f"the body is over the limit of {limit_bytes} bytes")
