from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from flows.durations import Durations

if TYPE_CHECKING:
    from collections.abc import Mapping

BOUNDS_MS = (125, 250, 1000, 60_000)


def shown(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


def ours(observed: Mapping[str, list[int]]) -> list[str]:
    registry = CollectorRegistry()
    durations = Durations("took_seconds", "How long", BOUNDS_MS, registry)
    for target, all_ms in observed.items():
        durations.observe(target, all_ms)
    return shown(registry)


def test_it_shows_what_the_librarys_histogram_shows() -> None:
    observed = {"one": [0, 125, 250, 375, 60_000, 60_125, 250], "other": [1000]}
    registry = CollectorRegistry()
    library = Histogram(
        "took_seconds", "How long", ["target"], registry=registry, buckets=[ms / 1000 for ms in BOUNDS_MS]
    )
    for target, all_ms in observed.items():
        for ms in all_ms:
            library.labels(target=target).observe(ms / 1000)
    assert ours(observed) == shown(registry)


def test_what_took_less_than_nothing_took_nothing() -> None:
    assert ours({"one": [-3]}) == ours({"one": [0]})
