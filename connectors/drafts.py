"""What waits, written for the next snapshot little by little, so that little is left to write when it is taken. Pure.

The worker stands still while a snapshot is taken; a delivery that waits takes some microseconds to write.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from connectors.lane_state import encode_job
from connectors.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from connectors.job import Job

AT_A_TIME = 64
SETTLED_MS = 25
"""What changed within so long is likely to change again, or to be sent: it is left for that."""


class Drafts:
    """Of all alerts of a lane."""

    def __init__(self, waiting: Mapping[str, Sequence[Job]], under_way: Container[str] = ()) -> None:
        """By fingerprint, `waiting` is what there is to write; the lane changes it and says so.

        What is `under_way` changes when it comes back: it is not written ahead.
        """
        self._waiting = waiting
        self._under_way = under_way
        self._changed: OrderedDict[str, None] = OrderedDict()
        """The alerts whose drafts are out of date, the one that has been so longest first."""
        self._pages = Pages()
        self._looked_ms = 0
        """When it was last looked which have settled."""
        self._settled = 0
        """So many of the first in `changed` were there when it was looked the time before."""
        self._seen = 0
        """So many of them were there the last time."""

    def changed(self, fingerprint: str) -> None:
        """What waits of this alert is no longer as it was written."""
        self._changed[fingerprint] = None

    def write(self, now_ms: int) -> None:
        """Write some of what has settled, what changed longest ago first."""
        if not 0 <= now_ms - self._looked_ms < SETTLED_MS:
            self._looked_ms, self._settled, self._seen = now_ms, self._seen, len(self._changed)
        count = min(AT_A_TIME, self._settled)
        self._settled, self._seen = self._settled - count, self._seen - count
        for _ in range(count):
            fingerprint, _ = self._changed.popitem(last=False)
            if fingerprint in self._under_way:
                self._changed[fingerprint] = None
            else:
                self._write(fingerprint)

    def packed(self) -> list[bytes]:
        """All that waits, as it is now."""
        for fingerprint in self._changed:
            self._write(fingerprint)
        self._changed.clear()
        self._settled = self._seen = 0
        return self._pages.packed()

    def _write(self, fingerprint: str) -> None:
        if jobs := self._waiting.get(fingerprint):
            self._pages.put(fingerprint, "\n".join([encode_job(job) for job in jobs]))
        else:
            self._pages.drop(fingerprint)
