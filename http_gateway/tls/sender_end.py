"""The sender's end of a relayed connection: TLS.

asyncio's own TLS closes a connection whose handshake failed without the alert that tells the sender why (its
certificate has expired, none was given), and so does uvloop's. So the record layer is driven here, by `ssl.SSLObject`.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from http_gateway.tls.worker_end import WorkerEnd

_CHUNK_BYTES = 256 * 1024
# How long a sender that was told that the connection is over may go on sending: closed at once, with something of it
# unread, TCP would reset the connection and the sender might never see the answer (RFC 9112 section 9.6).
_LINGER_S = 2.0
# It tells a person who sent plain HTTP what is wrong, as other servers do; OpenSSL looks for these words too.
_PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 40\r\nconnection: close\r\n\r\n"
    b"This port speaks TLS: use https:// here\n"
)


class Owner(Protocol):
    """What the sender's end needs of the relay."""

    def shaken(self, end: SenderEnd) -> None:
        """The handshake is done; raises CertificateError if the sender is not wanted all the same."""

    def failed(self, end: SenderEnd, error: ssl.SSLError | None) -> None:
        """The handshake has failed; None: the sender broke it off."""

    def begun(self, end: SenderEnd) -> None:
        """The first bytes have come: a worker is wanted. What comes meanwhile is kept; reading is paused."""

    def lost(self, end: SenderEnd) -> None:
        """The connection is over."""


class SenderEnd(asyncio.Protocol):
    """Connected to a sender."""

    def __init__(self, owner: Owner, context: ssl.SSLContext) -> None:
        self._owner = owner
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.transport: asyncio.Transport
        self.is_shaken = False
        self._is_over = False
        self._first: list[bytes] = []
        self._worker: WorkerEnd | None = None
        self._lingering: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected; the sender speaks first."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        if self._is_over:
            self.transport.abort()

    def abort(self) -> None:
        """Close it at once; it may not even be connected here."""
        self._is_over = True
        if hasattr(self, "transport"):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Something has come, in cipher."""
        if self._is_over:
            return
        self._incoming.write(data)
        try:
            if not self.is_shaken:
                self.tls.do_handshake()
                self._owner.shaken(self)
                self.is_shaken = True
            self._read()
            self._flush()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLZeroReturnError:
            self.end()
        except ssl.SSLError as error:
            self._fail(error)

    def _read(self) -> None:
        # Asked for more than has come, OpenSSL answers by an exception, which is a tenth of what a request costs here.
        while self._incoming.pending or self.tls.pending():
            data = self.tls.read(_CHUNK_BYTES)
            if not data:
                raise ssl.SSLZeroReturnError
            if self._worker is not None:
                self._worker.transport.write(data)
                continue
            self._first.append(data)
            if len(self._first) == 1:
                self.transport.pause_reading()
                self._owner.begun(self)

    def _fail(self, error: ssl.SSLError) -> None:
        if not self.is_shaken:
            self._owner.failed(self, error)
        if error.reason == "HTTP_REQUEST":
            self.transport.write(_PLAIN_HTTP)
        self._flush()  # the alert
        self._linger()

    def first(self) -> bytes:
        """What has come so far, once."""
        data = b"".join(self._first)
        self._first.clear()
        return data

    def served_by(self, worker: WorkerEnd) -> None:
        """Hand over what comes from now on."""
        self._worker = worker
        if self.transport.is_closing() or self._is_over:
            worker.transport.close()
            return
        if worker.takes_more:
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send the answer, or a part of it."""
        if self._is_over:
            return
        try:
            self.tls.write(data)
        except ssl.SSLError:  # what the sender said cannot be TLS any more
            self.transport.abort()
        else:
            self._flush()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.transport.write(self._outgoing.read())

    def pause_reading(self) -> None:
        """The worker takes no more for now."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """The worker takes more again."""
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The sender takes no more for now."""
        if self._worker is not None:
            self._worker.transport.pause_reading()

    def resume_writing(self) -> None:
        """The sender takes more again."""
        if self._worker is not None and not self._worker.transport.is_closing():
            self._worker.transport.resume_reading()

    def end(self) -> None:
        """Say that the connection is over, and close it once the sender has seen what it was sent."""
        if self._is_over or self.transport.is_closing():
            return
        with suppress(ssl.SSLError):  # which says that it waits for the sender's own
            self.tls.unwrap()
        self._flush()
        self._linger()

    def _linger(self) -> None:
        self._is_over = True
        if self.transport.is_closing():
            return
        if self._worker is not None:
            self._worker.transport.close()
        self.transport.write_eof()
        self.transport.resume_reading()
        self._lingering = asyncio.get_running_loop().call_later(_LINGER_S, self._lingered, 0)

    def _lingered(self, left_before_bytes: int) -> None:
        """Give up a sender that does not close its side, unless it still takes what it was sent."""
        left_bytes = self.transport.get_write_buffer_size()
        if left_bytes in (0, left_before_bytes):
            self.transport.abort()
        else:
            self._lingering = asyncio.get_running_loop().call_later(_LINGER_S, self._lingered, left_bytes)

    def eof_received(self) -> bool | None:
        """The sender has closed its side: nobody is there to answer."""
        return False

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """It is over."""
        if not self.is_shaken and not self._is_over:
            self._owner.failed(self, None)
        self._is_over = True
        if self._lingering is not None:
            self._lingering.cancel()
        if self._worker is not None:
            self._worker.transport.close()
        self._owner.lost(self)
