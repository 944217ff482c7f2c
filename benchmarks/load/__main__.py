"""`make load`: loads Winnow by a scenario of k6/, and checks that everybody was told, once, and in time.

Without --url it starts all that is needed (a Kafka chosen as the tests choose it, gateway, flow, three targets).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from alerts.errors import WinnowError
from benchmarks.load.figures import figures
from benchmarks.load.k6 import SCENARIOS, K6Error, inspect
from benchmarks.load.product import EndedError
from benchmarks.load.report import ceiling, faults, table
from benchmarks.load.run import Outcome, here, there
from benchmarks.machine import facts, line
from benchmarks.result import Result, encode
from tests.support.kafka.choose import kafka
from tests.support.kafka.errors import BrokerError, UnavailableError


def main() -> int:
    """Run and print; 1 if anything is missing or a threshold does not hold, 2 if there was no run."""
    given = _asked()
    console = Console(width=max(Console().width, 120), highlight=False)
    try:
        outcome = _run(given, console)
    except (K6Error, EndedError, TimeoutError, UnavailableError, BrokerError, WinnowError) as error:
        console.print(f"no result: {error}", markup=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        return 130
    machine = facts() | _scale(given)
    if given.out is not None:
        given.out.write_bytes(encode(Result(machine, {f"load-{given.scenario}": [*figures(outcome)]})))
    console.print(table(outcome))
    console.print(line(machine), markup=False, soft_wrap=True)
    if outcome.recipe.stops:
        console.print(ceiling(outcome), markup=False, soft_wrap=True)
    wrong = faults(outcome)
    for fault in wrong:
        console.print(f"FAILED {fault}", markup=False, soft_wrap=True)
    return 1 if wrong else 0


def _run(given: argparse.Namespace, console: Console) -> Outcome:
    scale = {"SCALE": given.scale, "RATE_SCALE": given.rate_scale or given.scale}
    asked = inspect(given.scenario, scale)
    if given.url:
        return there(asked, scale, given.url.rstrip("/"))
    with kafka() as broker:
        console.print(f"starting Winnow; Kafka: {broker.origin}, {broker.bootstrap}")
        return here(asked, scale, broker.bootstrap, console.print)


def _scale(given: argparse.Namespace) -> dict[str, str]:
    """How the run was scaled, as `make load` is told; nothing if it was not."""
    asked = {"SCALE": given.scale, "RATE_SCALE": given.rate_scale}
    return {name: scale for name, scale in asked.items() if scale} if given.scale != "1" or given.rate_scale else {}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--url", default="", help="load this gateway; WINNOW_CONFIG: and look into its Kafka")
    parser.add_argument("--scale", default="1", help="of rates and durations: 0.1 is a tenth of both")
    parser.add_argument("--rate-scale", default="", help="of rates, if it is another")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the figures here, as `make bench OUT=FILE` does"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
