"""`make bench`: every figure beside its limit, on a real Kafka (chosen as the tests choose it)."""

from __future__ import annotations

import platform
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks import flow, gateway, model, path, replay, shadow, snapshot
from benchmarks.figure import Figure, table
from benchmarks.settings import Bench
from tests.support.kafka.choose import kafka


def main() -> None:
    """Measure and print; takes about eight minutes."""
    console = Console(width=max(Console().width, 150))
    figures: list[Figure] = []
    with kafka() as broker, tempfile.TemporaryDirectory() as folder:
        bench = Bench(broker.bootstrap, Path(folder))
        for measured in track(
            (gateway, flow, replay, shadow, path, model, snapshot), "measuring", console=Console(stderr=True)
        ):
            figures.extend(measured.figures(bench))
    console.print(table(figures))
    console.print(
        f"Python {platform.python_version()}, {platform.machine()}, one core per process; ratios hold, times drift"
    )


if __name__ == "__main__":
    main()
