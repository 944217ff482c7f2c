"""Counts of several processes, added up.

Each worker writes what it has counted into a file of its own, once a second and before it is read; any of them can
answer `/metrics` with the sum. prometheus_client's own way (a memory-mapped file each) costs every request several
microseconds; this costs a millisecond a second. Only what stands in a file is ever shown, so no counter can go back
when a worker is killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ENDED = "ended.json"
_GAUGES = frozenset({"gauge", "info", "stateset", "unknown"})


class Sample(NamedTuple):
    """One line of an exposition."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Family(NamedTuple):
    """What has one name, help and type."""

    name: str
    help: str
    type: str
    samples: list[Sample]


class Tally:
    """The files of one gateway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, families: Iterable[Family]) -> None:
        """Write what this process has counted; nothing if the files have been removed."""
        with suppress(FileNotFoundError):
            self._write(self._folder / f"{os.getpid()}.json", families)

    def remove(self) -> None:
        """Remove all files: nobody will ask any more."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def total(self) -> list[Family]:
        """What all have counted, those that ended too; their gauges are not looked at."""
        with self._locked(fcntl.LOCK_SH):
            return merge(_read(path) for path in sorted(self._folder.glob("*.json")))

    def fold(self, alive: set[int]) -> None:
        """Add the files of processes that are not among these to the one of those that ended."""
        with self._locked(fcntl.LOCK_EX):
            ended = [
                path for path in self._folder.glob("*.json") if path.stem.isdigit() and int(path.stem) not in alive
            ]
            if not ended:
                return
            known = [path for path in [self._folder / _ENDED] if path.exists()]
            counted = [_counters(_read(path)) for path in [*known, *ended]]
            self._write(self._folder / _ENDED, merge(counted))
            for path in ended:
                path.unlink()

    def _write(self, path: Path, families: Iterable[Family]) -> None:
        unfinished = path.with_suffix(".new")
        # Not orjson: it writes NaN, which a gauge may be, as null.
        unfinished.write_text(json.dumps(list(families)))
        unfinished.rename(path)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Between reading the files and folding them nothing may be counted twice, or not at all."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, how)
            yield


def _read(path: Path) -> list[Family]:
    rows = json.loads(path.read_bytes())
    return [
        Family(name, help_, type_, [Sample(n, tuple((k, v) for k, v in labels), value) for n, labels, value in samples])
        for name, help_, type_, samples in rows
    ]


def _counters(families: list[Family]) -> list[Family]:
    return [family for family in families if family.type not in _GAUGES]


def merge(processes: Iterable[list[Family]]) -> list[Family]:
    """The sum of each sample over the processes; of times of birth the earliest."""
    merged: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for families in processes:
        for family in families:
            merged.setdefault(family.name, family)
            known = values.setdefault(family.name, {})
            for name, labels, value in family.samples:
                key = (name, labels)
                known[key] = _both(name, known[key], value) if key in known else value
    return [
        family._replace(samples=[Sample(*key, value) for key, value in values[family.name].items()])
        for family in merged.values()
    ]


def _both(name: str, one: float, other: float) -> float:
    if name.endswith(("_created", "_start_time_seconds")):
        return min(one, other)
    if name.endswith(("_info", "_max_fds")):
        return max(one, other)
    return one + other
