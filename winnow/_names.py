"""Which alerts are named at all, for whoever asked for a name that none has."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import orjson

from connectors.kafka.topics import topics
from winnow._archive import Archive
from winnow._foreign import NOT_OURS
from winnow._index import index
from winnow._output import shown
from winnow._past import CLOCKS_DIFFER

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from alerts.config import Config

# Found in the text: to parse all decisions takes ten times as long.
_NAME = re.compile(rb'"name": ?("(?:[^"\\]|\\.)*")')
# To compare a name with more takes seconds.
_NAMES_MAX = 5_000


def names(config: Config, since: datetime) -> set[str]:
    """The names in the decisions since then and up to two hours before, about 5,000 of them at most.

    Raises:
        KafkaError: No broker answers, or there is no such topic.
    """
    topic, archive, begin = topics(config.kafka).decisions, Archive(config.kafka), since - CLOCKS_DIFFER
    known = index(config.kafka, archive, begin)
    found: set[bytes] = set()
    for stored in shown(topic, archive.newest_first(topic, begin, known.named, known.unknown)):
        found.update(_NAME.findall(stored.value))
        if len(found) + len(known.names) >= _NAMES_MAX:
            break
    return known.names.union(filter(None, map(_opened, found)))


def like(name: str, known: Collection[str]) -> str | None:
    """The known name that is most like it, whatever the case; None: none is."""
    folded = {one.casefold(): one for one in sorted(known)}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def _opened(text: bytes) -> str:
    try:
        return str(orjson.loads(text))
    except NOT_OURS:
        return ""
