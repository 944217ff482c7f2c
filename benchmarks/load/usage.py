"""What CPU and memory the parts of a run took."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.processes import cpu_s
from tests.chaos.process import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Of the first line of /proc/stat: user, nice, system, then irq, softirq, steal after two that are idle (proc_stat(5)).
_BUSY = (1, 2, 3, 6, 7, 8)


class Usage(NamedTuple):
    """A part of the run, or the machine with all that runs on it."""

    cores: float
    """How many it kept busy."""
    memory_bytes: tuple[int, int] | None = None
    """Before and after."""


class Meter:
    """Reads from its making on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._before_s = self._cpu_s()
        self._memory_bytes = self._resident_bytes()
        self._at = time.monotonic()

    def read(self) -> dict[str, Usage]:
        """What was taken since: by the machine, k6 (children that have ended), each process, and this one."""
        seconds = time.monotonic() - self._at
        after_s, memory_bytes = self._cpu_s(), self._resident_bytes()
        return {
            name: Usage(
                (after_s[name] - before_s) / seconds,
                (self._memory_bytes[name], memory_bytes[name]) if name in memory_bytes else None,
            )
            for name, before_s in self._before_s.items()
        }

    def _cpu_s(self) -> dict[str, float]:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        machine_s = sum(int(fields[place]) for place in _BUSY) / _TICKS_PER_S
        ours = {name: cpu_s(pid) for name, pid in self._pids.items()}
        k6_s = ended.ru_utime + ended.ru_stime
        return {"the machine": machine_s, "k6": k6_s, **ours, "this process": time.process_time()}

    def _resident_bytes(self) -> dict[str, int]:
        return {name: resident_bytes(pid) for name, pid in self._pids.items()}
