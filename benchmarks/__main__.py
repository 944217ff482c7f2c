"""`make bench`: every figure beside its limit, on a real Kafka (chosen as the tests choose it)."""

from __future__ import annotations

import argparse
import platform
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks import flow, gateway, model, path, replay, shadow, snapshot
from benchmarks.figure import Figure, table
from benchmarks.settings import Bench
from tests.support.kafka.choose import kafka

_PARTS = {
    "gateway": gateway,
    "flow": flow,
    "replay": replay,
    "shadow": shadow,
    "path": path,
    "model": model,
    "snapshot": snapshot,
}


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--only", nargs="+", choices=_PARTS, default=[*_PARTS], help="What to measure.")
    options.add_argument("--alerts", type=int, default=Bench._field_defaults["alerts"], help="How many to replay.")
    return options.parse_args()


def main() -> None:
    """Measure and print; takes about eight minutes."""
    asked = _asked()
    console = Console(width=max(Console().width, 150))
    figures: list[Figure] = []
    with kafka() as broker, tempfile.TemporaryDirectory() as folder:
        bench = Bench(broker.bootstrap, Path(folder), alerts=asked.alerts)
        for name in track(asked.only, "measuring", console=Console(stderr=True)):
            figures.extend(_PARTS[name].figures(bench))
    console.print(table(figures))
    console.print(
        f"Python {platform.python_version()}, {platform.machine()}, one core per process; ratios hold, times drift"
    )


if __name__ == "__main__":
    main()
