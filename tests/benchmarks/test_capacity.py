"""What a load takes, by costs that are easy to reckon with."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.capacity import Costs, Load, costs, need
from benchmarks.figure import Figure
from benchmarks.result import Result, encode

if TYPE_CHECKING:
    from pathlib import Path

COSTS = Costs(request=60, alert=6, new=10, repeat=4, delivery=90)
FIGURES = [
    Figure("gateway, 1 alert a body: CPU per request", 66, "us"),
    Figure("gateway, 100 alerts a body: CPU per request", 660, "us"),
    Figure("flow, 100-alert records, half repeats", 1, "alerts/s", cpu_us=7),
    Figure("flow, 100-alert records, nine of ten repeats", 1, "alerts/s", cpu_us=4.6),
    Figure("delivery one by one, to a webhook", 1, "deliveries/s", cpu_us=100),
]


def test_costs_come_out_of_the_figures() -> None:
    assert costs(FIGURES) == pytest.approx(COSTS)


def test_processes_are_what_keeps_each_core_as_busy_as_it_may_be() -> None:
    # 60 / 10 + 6 = 12 us at the gateway; 0.9 * 4 + 0.1 * (10 + 2 * 90) = 22.6 us in the flow.
    found = need(Load(100_000, a_request=10, repeats=0.9, targets=2, busy=0.5), COSTS)
    assert (found.gateways, found.flows, found.partitions) == (3, 5, 40)


def test_brokers_take_every_copy_of_all_that_is_written() -> None:
    found = need(Load(100_000, repeats=1, targets=0, replicas=3, broker_mb_s=50), COSTS)
    assert found.written_mb_s == pytest.approx(91)
    assert found.brokers == 6
    assert found.day_tb == pytest.approx(3 * 91 * 86_400 / 1e6)


def test_a_small_load_has_a_process_of_each_and_a_broker_for_each_copy() -> None:
    found = need(Load(1), COSTS)
    assert (found.gateways, found.flows, found.partitions, found.brokers) == (1, 1, 32, 3)


@pytest.mark.parametrize("more", ["repeats", "a_request"])
def test_what_costs_less_needs_no_more(more: str) -> None:
    load = Load(1_000_000, a_request=1, repeats=0)
    less = load._replace(**{more: 1 if more == "repeats" else 100})
    assert all(one <= other for one, other in zip(need(less, COSTS), need(load, COSTS), strict=True))


def test_table_is_printed_for_a_result(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(encode(Result({}, {"all": FIGURES})))
    run = _run(str(file), "--targets", "3")
    assert run.returncode == 0
    assert "1,000,000" in run.stdout


def test_result_without_a_figure_says_which(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(encode(Result({}, {"all": FIGURES[:-1]})))
    run = _run(str(file))
    assert run.returncode == 1
    assert "delivery one by one, to a webhook" in run.stderr


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.capacity", *arguments], capture_output=True, text=True, check=False
    )
