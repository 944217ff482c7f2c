"""Much that changes little, packed for snapshots: only the pages in which something changed are packed again. Pure.

A lane writes all that waits at each snapshot, and the worker stands still meanwhile.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Alerts of a storm are alike: 64 of them take a tenth when packed together.
_A_PAGE = 64
_FASTEST = 1


class Pages:
    """Texts of one line or more by name, in the order in which the names came."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, dict[int, str]] = {}
        """By page, and then by number."""
        self._changed: set[int] = set()
        """Pages."""
        self._packed: dict[int, bytes] = {}
        self._next = 0

    def put(self, name: str, text: str) -> None:
        """This is the text of the name from now on."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = self._next
            self._next += 1
            if number % _A_PAGE == 0:
                self._pack(number // _A_PAGE - 1)  # it is full, and `packed` has less to do
        page = number // _A_PAGE
        self._texts.setdefault(page, {})[number] = text
        self._changed.add(page)

    def drop(self, name: str) -> None:
        """The name has none any more; nothing if it had none."""
        number = self._numbers.pop(name, None)
        if number is not None:
            page = number // _A_PAGE
            del self._texts[page][number]
            self._changed.add(page)

    def packed(self) -> list[bytes]:
        """All texts."""
        for page in sorted(self._changed):
            self._pack(page)
        return list(self._packed.values())

    def _pack(self, page: int) -> None:
        self._changed.discard(page)
        if texts := self._texts.get(page):
            self._packed[page] = zlib.compress("\n".join(texts.values()).encode(), _FASTEST)
        else:
            self._texts.pop(page, None)
            self._packed.pop(page, None)


def unpack(packed: Iterable[bytes]) -> Iterator[str]:
    """The lines that were packed, in order."""
    for page in packed:
        yield from zlib.decompress(page).decode().split("\n")
