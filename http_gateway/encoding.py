"""Bodies that come compressed: expanded up to a limit and no further, whatever they claim to hold."""

from __future__ import annotations

import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from backports import zstd

from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

# A body of a real sender is one member or frame. Millions of empty ones would cost minutes and expand to nothing.
_PIECES_MAX = 100
# 8 MiB, what RFC 8878 section 3.1.1.1.2 asks every decoder to support; this memory comes on top of the limit.
_WINDOW_LOG_MAX = 23
# zlib: 15 bits of window, and 16 for gzip's own header and checksum.
_GZIP_WBITS = 31


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(_GZIP_WBITS)


def _zstd() -> _Decompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})


ENCODINGS = MappingProxyType({b"gzip": _gzip, b"x-gzip": _gzip, b"zstd": _zstd})
"""Content codings by name; RFC 9110 section 8.4.1.3 wants `x-gzip` taken for `gzip`."""

ACCEPTED = b"gzip, zstd"


def expand(encoding: bytes, body: bytes, limit_bytes: int) -> bytes | None:
    """The body as it was before it was compressed; None if it is over the limit.

    Never holds more than the limit and one byte of it, so a small body that expands to gigabytes costs no more than
    any other.

    Raises:
        FormatError: It is not of this encoding, broken, or cut off.
    """
    try:
        return _expanded(ENCODINGS[encoding], body, limit_bytes)
    except (zlib.error, zstd.ZstdError, EOFError) as error:
        raise FormatError(f"the body is no {encoding.decode()}: {error}") from error


def _expanded(made: Callable[[], _Decompressor], body: bytes, limit_bytes: int) -> bytes | None:
    pieces: list[bytes] = []
    left_bytes = limit_bytes
    for _ in range(_PIECES_MAX):
        decompressor = made()
        piece = decompressor.decompress(body, left_bytes + 1)
        if len(piece) > left_bytes:
            return None
        if not decompressor.eof:
            raise EOFError("it is cut off")
        pieces.append(piece)
        left_bytes -= len(piece)
        body = decompressor.unused_data
        if not body:
            return b"".join(pieces)
    raise EOFError(f"more than {_PIECES_MAX} pieces")
