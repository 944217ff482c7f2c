"""A histogram that takes many durations at once: prometheus_client's own looks for the bucket of each in a loop."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prometheus_client import CollectorRegistry

_LABEL = "target"


class _Seen:
    """Of one target."""

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.sum_ms = 0


class Durations(Collector):
    """By target; written by one thread, read by any."""

    def __init__(
        self, name: str, what: str, bounds_ms: Sequence[int], registry: CollectorRegistry | None = REGISTRY
    ) -> None:
        """Show itself as `name`, in seconds; `bounds_ms` ascend."""
        self._name, self._what = name, what
        self._bounds_ms = bounds_ms
        self._seen: dict[str, _Seen] = {}
        if registry is not None:
            registry.register(self)

    def observe(self, target: str, all_ms: Sequence[int]) -> None:
        """Count these; below zero is zero."""
        seen = self._seen.get(target)
        if seen is None:
            seen = self._seen[target] = _Seen(len(self._bounds_ms) + 1)
        for bucket in map(partial(bisect_left, self._bounds_ms), all_ms):
            seen.counts[bucket] += 1
        seen.sum_ms += sum(ms for ms in all_ms if ms > 0)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What Prometheus asks for."""
        family = HistogramMetricFamily(self._name, self._what, labels=[_LABEL])
        for target, seen in list(self._seen.items()):
            family.add_metric([target], list(_buckets(self._bounds_ms, list(seen.counts))), seen.sum_ms / 1000)
        yield family


def _buckets(bounds_ms: Sequence[int], counts: Iterable[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip([*(str(ms / 1000) for ms in bounds_ms), "+Inf"], counts, strict=True):
        total += count
        yield bound, total
