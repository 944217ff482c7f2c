"""How much memory a process group holds, and whether that grows."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from statistics import linear_regression
from typing import Self

_EVERY_S = 0.5
WARM_UP = 0.34
"""The share of a run after which a process has all it needs."""


class Memory:
    """Looks at the resident memory of all processes of a group, in a thread of its own; a context manager."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._seen: list[float] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_EVERY_S):
            self._seen.append(resident_mib(self._group))

    def line(self) -> tuple[float, float, float]:
        """MiB at the end of the warm-up and at the end by a fitted line, and its slope in MiB a minute."""
        after = self._seen[int(len(self._seen) * WARM_UP) :]
        if len(after) < 3:
            return 0.0, 0.0, 0.0
        slope, start = linear_regression(range(len(after)), after)
        return start, start + slope * (len(after) - 1), slope * 60 / _EVERY_S


def resident_mib(group: int) -> float:
    """Of all processes of this group, by /proc."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                found += int((folder / "statm").read_text().split()[1])
        except (OSError, IndexError):  # it has ended
            continue
    return found * os.sysconf("SC_PAGE_SIZE") / 1024**2
