"""Something that must not be."""

from __future__ import annotations

from typing import NamedTuple

LOST = "lost"
UNDECIDED = "no decision"
DIFFERING = "duplicate with differing id"
SHARED = "id shared by two transitions"
OVERTAKEN = "overtaken"
FIRING_LAST = "firing after resolve"
STALE_LAST = "last state wrong"
FALSE = "recorded, but not true"
STRAY = "nobody asked for it"


class Finding(NamedTuple):
    """Something that must not be."""

    what: str
    name: str
    """The alert's label `instance`."""
    where: str
    """A target, or a topic."""
    detail: str
