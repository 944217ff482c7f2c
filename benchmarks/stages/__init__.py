"""(g) Every stage alone, in this process: one file for each, found by name, with a function `stages`."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from benchmarks import processes
from benchmarks.stage import measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.figure import Figure
    from benchmarks.settings import Bench
    from benchmarks.stage import Stage


class Kind(Protocol):
    """What a module in this folder must have."""

    def stages(self, bench: Bench) -> Iterator[Stage]:
        """The stages of its kind, each measured before the next is made."""


@cache
def kinds() -> Mapping[str, Kind]:
    """Every module, by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return MappingProxyType({name: importlib.import_module(f"{__name__}.{name}") for name in names})


def figures(bench: Bench) -> Iterator[Figure]:
    """CPU time of every stage, beside its limit."""
    with _as_in_the_flow():
        for kind in kinds().values():
            for stage in kind.stages(bench):
                yield measure(stage)


@contextmanager
def _as_in_the_flow() -> Iterator[None]:
    """One core, and garbage collected as seldom as there (flows/plumbing/runtime.py)."""
    threshold, cores = gc.get_threshold(), os.sched_getaffinity(0)
    gc.set_threshold(50_000, 50, 1000)
    os.sched_setaffinity(0, {processes.SERVER_CORE})
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        os.sched_setaffinity(0, cores)
