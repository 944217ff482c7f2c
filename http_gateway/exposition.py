"""`/metrics`: what this worker has counted, and all others of the gateway."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.metrics_core import Metric

from http_gateway.tally import Family, Sample
from http_gateway.tls import tally as tls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.registry import Collector

    from http_gateway.tally import Tally

# What a killed worker had counted since is lost.
_SAVE_EVERY_S = 1.0


class Exposition:
    """The text Prometheus reads."""

    def __init__(self, tally: Tally | None) -> None:
        """Without a tally: of this process alone."""
        self._tally = tally
        self._is_stopped = threading.Event()
        self._saving = threading.Lock()

    def start(self) -> None:
        """Begin to save, for the others to read."""
        if self._tally is not None:
            threading.Thread(target=self._save_on, name="tally", daemon=True).start()

    def stop(self) -> None:
        """Save once more: this worker has counted to its end."""
        self._is_stopped.set()
        self._save()

    def text(self) -> bytes:
        """The exposition as it is now; what others have counted may be a second old."""
        if self._tally is None:
            return generate_latest() + tls.exposition()
        self._save()
        return generate_latest(_Total(self._tally.total())) + tls.exposition()

    def _save_on(self) -> None:
        while not self._is_stopped.wait(_SAVE_EVERY_S):
            self._save()

    def _save(self) -> None:
        if self._tally is not None:
            with self._saving:
                self._tally.save(_families(REGISTRY))


class _Total:
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        for name, help_, type_, samples in self._families:
            metric = Metric(name, help_, type_)
            for sample, labels, value in samples:
                metric.add_sample(sample, dict(labels), value)
            yield metric


def _families(registry: Collector) -> Iterable[Family]:
    for found in registry.collect():
        samples = [Sample(sample.name, tuple(sample.labels.items()), sample.value) for sample in found.samples]
        yield Family(found.name, found.documentation, found.type, samples)
