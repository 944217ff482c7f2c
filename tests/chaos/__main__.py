"""`make chaos`: breaks everything around Winnow and counts what became of each alert."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.chaos import scenarios
from tests.chaos.neighbours import measure
from tests.chaos.report import lost, table
from tests.chaos.run import run
from tests.chaos.settings import DROPS, Settings

_NAMED_MAX = 20


def main() -> int:
    """Run and print; 1 if anything was lost or is wrong."""
    settings = _asked()
    # By default Python ends at once, and hosts of a cluster would stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(width=max(Console().width, 120), highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="winnow-chaos-"))
    if settings.scenario == scenarios.NEIGHBOURS:
        is_good = measure(settings, folder, console.print)
        shutil.rmtree(folder)
        return 0 if is_good else 1
    result = run(settings, folder, console.print)
    console.print(table(result))
    for finding in result.findings[:_NAMED_MAX]:
        console.print(f"{finding.what}: {finding.name} at {finding.where}: {finding.detail}", markup=False)
    names = lost(result)
    if not result.findings:
        shutil.rmtree(folder)
        console.print("0 lost")
        return 0
    console.print(f"{len(result.findings)} findings; the evidence is in {folder}", markup=False)
    console.print(" ".join([f"{len(names)} lost, {len(result.findings)} findings", *names[:_NAMED_MAX]]))
    return 1


def _asked() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long alerts come and faults happen")
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same alerts and faults")
    parser.add_argument("--rate", type=float, default=2000.0, help="alerts a second")
    parser.add_argument("--drop", default="", help=f"make one alert vanish there: {', '.join(DROPS)}")
    parser.add_argument("--pace", type=float, default=1.0, help="faults come so many times as often; 0: none")
    parser.add_argument("--scenario", choices=scenarios.NAMES, default=scenarios.CHAOS, help="measure one thing alone")
    given = parser.parse_args()
    drops = tuple(filter(None, given.drop.split(",")))
    if unknown := set(drops) - set(DROPS):
        parser.error(f"--drop: unknown {', '.join(unknown)}; known: {', '.join(DROPS)}")
    asked = Settings(given.seconds, given.seed, given.rate, drops, pace=given.pace, scenario=given.scenario)
    return scenarios.adapted(asked)


if __name__ == "__main__":
    sys.exit(main())
