"""What can be measured, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from benchmarks import (
    alertmanager,
    delivery,
    explain,
    flow,
    footprint,
    gateway,
    live,
    model,
    path,
    replay,
    scale,
    shadow,
    sick,
    snapshot,
    stages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.figure import Figure
    from benchmarks.settings import Bench


class Part(Protocol):
    """What each of them has."""

    def figures(self, bench: Bench) -> Iterator[Figure]:
        """Measured as they are asked for."""


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "stages": stages,
        "gateway": gateway,
        "flow": flow,
        "scale": scale,
        "delivery": delivery,
        "replay": replay,
        "explain": explain,
        "shadow": shadow,
        "path": path,
        "sick": sick,
        "model": model,
        "snapshot": snapshot,
        "live": live,
        "footprint": footprint,
        "alertmanager": alertmanager,
    }
)
"""In the order in which they are measured."""
