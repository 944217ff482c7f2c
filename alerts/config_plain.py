"""Secrets that stand in winnow.yaml itself, though they could come from the environment or a file of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from alerts.config_doubts import Doubt, Kind
from alerts.config_tree import Leaf, Path, Tree, at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Under keys of the operator's own (librdkafka's settings, a webhook's headers) not all is secret that is hidden.
_SECRET_KEY = re.compile(r"authorization|cookie|credential|api-?key|password|secret|token|\bpem\b|oauthbearer\.config")
_REFERENCE = re.compile(r"(?<!\$)(?:\$\$)*\$\{")
# A word of an address that is no word: Slack's have 24 characters, keys of other services more.
_KEY_LEAST_CHARS = 16


def plain_secrets(tree: Tree, hidden: Collection[Path]) -> Iterator[Doubt]:
    """Where they stand.

    What holds a `${NAME}` comes from the environment, whatever default it has.

    Args:
        tree: What stands in the file, before variables of the environment took the place of anything.
        hidden: The paths that may hold secrets.
    """
    for path in sorted(hidden, key=str):
        leaf, key = at(tree, path), path[-1]
        if not isinstance(leaf, Leaf) or not leaf or str(key).endswith("_file"):
            continue
        is_own_key = path[:-1] in hidden and isinstance(key, str)
        if (not is_own_key or _SECRET_KEY.search(str(key).lower())) and _is_plain(leaf.raw):
            ways = f"${{NAME}} or {key}_file" if isinstance(key, str) else "${NAME}"
            yield Doubt(Kind.PLAIN_SECRET, path, f"a secret stands in the file itself; use {ways}")


def _is_plain(raw: str) -> bool:
    if raw.startswith(("http://", "https://")):
        return any(not _REFERENCE.search(text) for text in _keys(raw))
    return not _REFERENCE.search(raw)


def _keys(address: str) -> Iterator[str]:
    """The parts of an address that let somebody in."""
    try:
        parts = urlsplit(address)
    except ValueError:  # with references still in it, it may be no address yet
        return
    if parts.password or parts.username:
        yield parts.password or parts.username or ""
    for key, text in parse_qsl(parts.query):
        if _SECRET_KEY.search(key.lower()) or _looks_made_up(text):
            yield text
    yield from filter(_looks_made_up, parts.path.split("/"))


def _looks_made_up(text: str) -> bool:
    is_mixed = any(map(str.isupper, text)) and any(map(str.islower, text))
    return len(text) >= _KEY_LEAST_CHARS and (is_mixed or sum(map(str.isdigit, text)) > 2)
