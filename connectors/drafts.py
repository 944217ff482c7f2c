"""What waits, written for the next snapshot little by little, so that little is left to write when it is taken. Pure.

The worker stands still while a snapshot is taken; a delivery that waits takes some microseconds to write.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from connectors.lane_state import encode_job
from connectors.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.job import Job

AT_A_TIME = 64
LATEST = 512
"""What changed last is likely to change again, or to end, before the next snapshot: so many are left for that."""


class Drafts:
    """Of all alerts of a lane."""

    def __init__(self, waiting: Mapping[str, Sequence[Job]]) -> None:
        """By fingerprint, `waiting` is what there is to write; the lane changes it and says so."""
        self._waiting = waiting
        self._changed: OrderedDict[str, None] = OrderedDict()
        """The alerts whose drafts are out of date, the one that has been so longest first."""
        self._pages = Pages()

    def changed(self, fingerprint: str) -> None:
        """What waits of this alert is no longer as it was written."""
        self._changed[fingerprint] = None

    def write(self) -> None:
        """Write some of what changed longest ago."""
        self._write(min(AT_A_TIME, len(self._changed) - LATEST))

    def packed(self) -> list[bytes]:
        """All that waits, as it is now."""
        self._write(len(self._changed))
        return self._pages.packed()

    def _write(self, count: int) -> None:
        for _ in range(count):
            fingerprint, _ = self._changed.popitem(last=False)
            if jobs := self._waiting.get(fingerprint):
                self._pages.put(fingerprint, "\n".join([encode_job(job) for job in jobs]))
            else:
                self._pages.drop(fingerprint)
