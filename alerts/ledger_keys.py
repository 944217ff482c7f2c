"""Ids as the ledger keeps them: as numbers, which take half of what their text does."""

from __future__ import annotations

import re

_ID = re.compile(r"([0-9a-f]{32})-(0|[1-9]\d{0,8})", re.ASCII)
_DELIVERY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_POSITION_BITS = 32

Key = int | str
"""An id as it is kept; text if it is not one that Winnow makes."""


def key_of(id_: str) -> Key:
    """An input id as it is kept."""
    found = _ID.fullmatch(id_)
    return id_ if found is None else int(found[1], 16) << _POSITION_BITS | int(found[2])


def id_of(key: Key) -> str:
    """The input id that `key_of` was given."""
    if isinstance(key, str):
        return key
    return f"{key >> _POSITION_BITS:032x}-{key & (1 << _POSITION_BITS) - 1}"


def delivery_key(id_: str) -> Key:
    """A delivery's id as it is kept."""
    return int(id_, 16) if _DELIVERY.fullmatch(id_) else id_
