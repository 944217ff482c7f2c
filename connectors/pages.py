"""Much that changes little, packed for snapshots: only what changed is encoded and packed again. Pure.

A lane writes all that waits at each snapshot, and the worker stands still meanwhile.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")

# Alerts of a storm are alike: 64 of them take a tenth when packed together.
_A_PAGE = 64
_FASTEST = 1


class _Known(NamedTuple, Generic[Item]):
    item: Item
    text: str
    number: int
    """In the order in which items came."""


class Pages(Generic[Item]):
    """Items by name, in texts of one line each."""

    def __init__(self, encode: Callable[[Item], str]) -> None:
        """Pack what `encode` makes of an item; an item that is the same object is not encoded again."""
        self._encode = encode
        self._known: dict[str, _Known[Item]] = {}
        self._packed: dict[int, tuple[list[str], bytes]] = {}
        self._count = 0

    def pack(self, items: Iterable[tuple[str, Item]]) -> list[bytes]:
        """All items; those that came later are later in it."""
        known: dict[str, _Known[Item]] = {}
        for name, item in items:
            known[name] = self._know(name, item)
        self._known = known
        pages: dict[int, list[str]] = {}
        for one in sorted(known.values(), key=lambda one: one.number):
            pages.setdefault(one.number // _A_PAGE, []).append(one.text)
        self._packed = {page: self._page(page, texts) for page, texts in pages.items()}
        return [packed for _, packed in self._packed.values()]

    def _know(self, name: str, item: Item) -> _Known[Item]:
        old = self._known.get(name)
        if old is None:
            self._count += 1
            return _Known(item, self._encode(item), self._count)
        return old if old.item is item else _Known(item, self._encode(item), old.number)

    def _page(self, page: int, texts: list[str]) -> tuple[list[str], bytes]:
        old = self._packed.get(page)
        return (
            old if old is not None and old[0] == texts else (texts, zlib.compress("\n".join(texts).encode(), _FASTEST))
        )


def unpack(packed: Iterable[bytes]) -> Iterator[str]:
    """The texts that were packed, in order."""
    for page in packed:
        yield from zlib.decompress(page).decode().split("\n")
