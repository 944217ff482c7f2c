"""Which alerts a question is about, counted while they are found."""

from __future__ import annotations

from typing import NamedTuple

from alerts.instant import rfc3339


class Found(NamedTuple):
    """An alert that a question is about."""

    fingerprint: str
    name: str
    status: str
    """Of its newest event."""
    events: int
    last_ms: int
    """When the newest was accepted."""


class Tally:
    """Takes events in any order."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}

    def count(self, fingerprint: str, name: str, status: str, accepted_ms: int) -> None:
        """Take one event; of two accepted at once the later taken counts for newer."""
        before = self._found.get(fingerprint)
        if before is None:
            self._found[fingerprint] = Found(fingerprint, name, status, 1, accepted_ms)
        elif accepted_ms >= before.last_ms:
            self._found[fingerprint] = Found(fingerprint, name, status, before.events + 1, accepted_ms)
        else:
            self._found[fingerprint] = before._replace(events=before.events + 1)

    def newest_first(self) -> list[Found]:
        """All of them."""
        return sorted(self._found.values(), key=lambda one: (-one.last_ms, one.fingerprint))

    def so_far(self) -> str:
        """The newest, for whoever waits for all of them; empty: there is none yet."""
        if not self._found:
            return ""
        newest = max(self._found.values(), key=lambda one: one.last_ms)
        others = f" and {len(self._found) - 1:,} more" if len(self._found) > 1 else ""
        return f", found {newest.fingerprint} ({newest.status}, {rfc3339(newest.last_ms)}){others}"
