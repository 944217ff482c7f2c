"""The values of winnow.yaml before their types are known, and how a fault in them is told."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = "tuple[str | int, ...]"
"""Keys and places that lead from the top of the file to a value."""
Tree: TypeAlias = "dict[str, Tree] | list[Tree] | Leaf | None"

SHOWN_CHARS = 60

# Fits where a secret does: also that of Standard Webhooks, who want this word and base64 of 24 bytes.
_STAND_IN = "whsec_standinstandinstandinstandinstan"


class Leaf(str):
    """Text with its variables replaced."""

    __slots__ = ("raw",)
    raw: str
    """As it was written, fit to be shown wherever the field is no secret."""

    def __new__(cls, value: str, raw: str) -> Self:
        """The text `value`, written as `raw`."""
        leaf = super().__new__(cls, value)
        leaf.raw = raw
        return leaf


class FromFile(Leaf):
    """Text that stands in a file of its own."""

    __slots__ = ("file",)
    file: str
    """As winnow.yaml names it."""

    def __new__(cls, value: str, file: str) -> Self:
        """The text `value` of `file`."""
        leaf = super().__new__(cls, value, "")
        leaf.file = file
        return leaf


class Fault(NamedTuple):
    """One thing that is wrong."""

    path: Path
    text: str
    at: Path | None = None
    """Where its line is looked up, when not at `path`."""


def at(tree: Tree, path: Path) -> Tree:
    """What stands at `path`; None if nothing does."""
    for part in path:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def placed(tree: Tree, path: Path, leaf: Leaf | None) -> Tree:
    """`tree` with `leaf` at `path`; as it is where something other than a mapping is in the way."""
    if not path:
        return leaf
    if not isinstance(tree, dict | None):
        return tree
    return {**(tree or {}), str(path[0]): placed((tree or {}).get(str(path[0])), path[1:], leaf)}


def without(tree: Tree, path: Path) -> Tree:
    """`tree` without what stands at `path`."""
    if not isinstance(tree, dict) or path[0] not in tree:
        return tree
    if len(path) > 1:
        return {**tree, path[0]: without(tree[path[0]], path[1:])}
    return {key: value for key, value in tree.items() if key != path[0]}


def stand_in(key: str) -> str:
    """What a secret or an address under this key may be while nobody uses it."""
    return "https://stand-in.invalid" if key == "url" or key.endswith("_url") else _STAND_IN


def spelled(path: Path, tree: Tree) -> str:
    """`path` for a person, the entries of lists with their names: `targets[2] (oncall).url`."""
    text = ""
    for depth, part in enumerate(path, start=1):
        if isinstance(part, str):
            text += f".{_key(part)}" if text else _key(part)
            continue
        name = at(tree, (*path[:depth], "name"))
        text += f"[{part}] ({_cut(name.raw)})" if isinstance(name, Leaf) else f"[{part}]"
    return text or "the file"


def shown(value: Tree) -> str:
    """`value` for a person, as it was written; of a list or a mapping only what it is."""
    if isinstance(value, Leaf):
        return f"'{_cut(value.raw)}'"
    return "nothing" if value is None else "a list" if isinstance(value, list) else "a mapping"


def hint(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the known word that is most like `word`, else which are known."""
    words = sorted(known)
    # `key:value` without a space is one word to YAML.
    tries = (word[:SHOWN_CHARS], word.partition(":")[0][:SHOWN_CHARS])
    near = [found for text in tries for found in difflib.get_close_matches(text, words, n=1)]
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(words) or 'none'}"


def _cut(text: str) -> str:
    safe = repr(text[: SHOWN_CHARS + 1])[1:-1]
    return safe if len(safe) <= SHOWN_CHARS else f"{safe[: SHOWN_CHARS - 1]}…"


def _key(key: str) -> str:
    # `routing_key:abc` without a space is one long key: nothing after the colon is shown.
    head = re.match(r"[\w.$-]{0,40}", key, re.ASCII)
    word = head[0] if head else ""
    return word if word == key else f"{word}…"
