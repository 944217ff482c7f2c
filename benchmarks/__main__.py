"""`make bench`: every figure beside its limit, on a real Kafka (chosen as the tests choose it)."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from alerts.errors import WinnowError
from benchmarks import machine
from benchmarks.figure import table
from benchmarks.parts import PARTS
from benchmarks.result import Result, encode
from benchmarks.settings import Bench
from tests.support.kafka.choose import kafka
from tests.support.kafka.errors import BrokerError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.figure import Figure
    from benchmarks.parts import Part


# Only where it is asked for: it takes Go and a network.
_LEFT_OUT = "alertmanager"


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument(
        "--only", nargs="+", choices=PARTS, default=[one for one in PARTS if one != _LEFT_OUT], help="What to measure."
    )
    options.add_argument(
        "--alerts", type=int, default=Bench._field_defaults["alerts"], help="How many to replay, and to explain."
    )
    options.add_argument("-o", "--output", choices=("table", "json"), default="table", help="What to print.")
    options.add_argument("--out", type=Path, metavar="FILE", help="Write the JSON here too.")
    return options.parse_args()


def measured(parts: Mapping[str, Part], bench: Bench) -> tuple[Result, dict[str, str]]:
    """What they found, and why some of them found no more, by their names."""
    result, failures = Result(machine.facts(), {}), dict[str, str]()
    names = set[str]()
    for part in track(parts, "measuring", console=Console(stderr=True)):
        figures = result.parts[part] = []
        try:
            for figure in _named_once(parts[part].figures(bench), names):
                figures.append(figure)  # noqa: PERF402 those before it breaks are kept
        except (OSError, RuntimeError, subprocess.SubprocessError, WinnowError) as error:
            failures[part] = f"{type(error).__name__}: {error}"
    return result, failures


def _named_once(figures: Iterator[Figure], names: set[str]) -> Iterator[Figure]:
    """The figures, whose names are added to `names`.

    Raises:
        RuntimeError: One is there already: two results are compared by them.
    """
    for figure in figures:
        if figure.what in names:
            raise RuntimeError(f"two figures are called {figure.what}")
        names.add(figure.what)
        yield figure


def main() -> int:
    """Measure and print, in about fifteen minutes.

    1 if a part could not be measured, but the others are told; 2 if there is no Kafka.
    """
    asked = _asked()
    try:
        with kafka() as broker, tempfile.TemporaryDirectory() as folder:
            bench = Bench(broker.bootstrap, Path(folder), alerts=asked.alerts)
            result, failures = measured({name: PARTS[name] for name in asked.only}, bench)
    except (BrokerError, UnavailableError) as error:
        print(f"no result: {error}", file=sys.stderr)
        return 2
    _tell(result, asked)
    for name, failure in failures.items():
        print(f"{name} could not be measured: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _tell(result: Result, asked: argparse.Namespace) -> None:
    if asked.out is not None:
        asked.out.write_bytes(encode(result))
    if asked.output == "json":
        sys.stdout.buffer.write(encode(result))
        return
    console = Console(width=max(Console().width, 180))
    console.print(table(result.figures()))
    console.print(f"{machine.line(result.machine)}; one core per process; ratios hold, times drift", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
