"""`python -m benchmarks.capacity RESULT.json`: how many cores, partitions and brokers a load takes, by measured costs.

A model, as simple as it can be: what one alert costs on one core times alerts a second, over how busy a core may be.
What it leaves out stands in docs/scaling.md.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.result import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.figure import Figure

RATES = (10_000, 100_000, 1_000_000)
_ONE, _HUNDRED = "gateway, 1 alert a body: CPU per request", "gateway, 100 alerts a body: CPU per request"
_HALF, _NINE = "flow, 100-alert records, half repeats", "flow, 100-alert records, nine of ten repeats"
_SINGLY = "delivery one by one, to a webhook"
# What Winnow writes of an alert as `benchmarks.bodies` makes them: its share of a record, its decision, an outcome.
_WEBHOOK_BYTES, _NEW_BYTES, _REPEAT_BYTES, _OUTCOME_BYTES = 621, 505, 289, 393
_MB, _DAY_S, _TB = 1e6, 86_400, 1e12


class Costs(NamedTuple):
    """CPU in microseconds on one core."""

    request: float
    """Of a request to the gateway, whatever is in it."""
    alert: float
    """Of each alert in it."""
    new: float
    """Of an alert that tells something new, in the flow."""
    repeat: float
    """Of one that does not."""
    delivery: float
    """Of telling it to one target, one by one."""


class Load(NamedTuple):
    """What comes, and what there is for it."""

    alerts_s: float
    a_request: float = 10
    """Alerts in a request."""
    repeats: float = 0.9
    """Share of the alerts."""
    targets: float = 1
    """That a new alert is told to."""
    busy: float = 0.6
    """How much of a core may be in use: the rest is for bursts, and for what must be caught up after a restart."""
    replicas: int = 3
    broker_mb_s: float = 50
    """What one broker takes, replicas among it: depends on disks and network, and is to be measured there."""


class Need(NamedTuple):
    """What it takes."""

    gateways: int
    """Processes, each with a core; so are the flow's."""
    flows: int
    partitions: int
    written_mb_s: float
    """Into Kafka, before it is compressed and copied."""
    brokers: int
    day_tb: float
    """What a day takes on all brokers' disks."""


def costs(figures: Iterable[Figure]) -> Costs:
    """What `make bench ONLY="gateway flow delivery"` found.

    Raises:
        KeyError: A figure is not there.
    """
    found: Mapping[str, Figure] = {figure.what: figure for figure in figures}
    one, hundred = found[_ONE].value, found[_HUNDRED].value
    alert = (hundred - one) / 99
    half, nine, singly = (found[what].cpu_us or 0.0 for what in (_HALF, _NINE, _SINGLY))
    # half = (new + repeat) / 2, nine = new / 10 + repeat * 9 / 10
    repeat = (nine - 0.2 * half) / 0.8
    new = 2 * half - repeat
    # That flow was told nothing twice, and each alert of its way there costs what a new one does.
    return Costs(one - alert, alert, new, repeat, max(0.0, singly - new))


def need(load: Load, cost: Costs) -> Need:
    """What this load takes at these costs."""
    new = 1 - load.repeats
    gateway_us = cost.request / load.a_request + cost.alert
    flow_us = load.repeats * cost.repeat + new * (cost.new + load.targets * cost.delivery)
    flows = _processes(load, flow_us)
    alert_bytes = _WEBHOOK_BYTES + load.repeats * _REPEAT_BYTES + new * (_NEW_BYTES + load.targets * _OUTCOME_BYTES)
    written_mb_s = load.alerts_s * alert_bytes / _MB
    copied_mb_s = written_mb_s * load.replicas
    brokers = max(load.replicas, math.ceil(copied_mb_s / load.broker_mb_s))
    # Fewer would be shared unevenly: docs/scaling.md.
    partitions = max(32, 8 * flows)
    return Need(
        _processes(load, gateway_us), flows, partitions, written_mb_s, brokers, copied_mb_s * _MB * _DAY_S / _TB
    )


def _processes(load: Load, alert_us: float) -> int:
    return max(1, math.ceil(load.alerts_s * alert_us / 1e6 / load.busy))


def table(cost: Costs, loads: Sequence[Load]) -> Table:
    """For people."""
    sheet = Table(
        title="what a load takes, by " + ", ".join(f"{name} {us:.1f} us" for name, us in cost._asdict().items())
    )
    for column in ("alerts/s", "gateways", "flows", "partitions", "MB/s written", "brokers", "TB a day"):
        sheet.add_column(column, justify="right")
    for load in loads:
        found = need(load, cost)
        sheet.add_row(
            f"{load.alerts_s:,.0f}",
            *(f"{count:,}" for count in found[:3]),
            f"{found.written_mb_s:,.1f}",
            f"{found.brokers:,}",
            f"{found.day_tb:,.2f}",
        )
    return sheet


def main() -> None:
    """Print what 10 k, 100 k and 1 M alerts a second take."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    options.add_argument("result", type=Path, help="Of `make bench OUT=FILE`, with gateway, flow and delivery.")
    for name, default in Load._field_defaults.items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    asked = vars(options.parse_args())
    try:
        cost = costs(read(asked.pop("result")).figures())
    except UnreadableError as error:
        sys.exit(str(error))
    except KeyError as error:
        sys.exit(f"no figure {error} in this result: measure `make bench ONLY='gateway flow delivery'`")
    Console(width=max(Console().width, 110)).print(table(cost, [Load(rate, **asked) for rate in RATES]))


if __name__ == "__main__":
    main()
