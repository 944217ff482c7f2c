"""Runs the scenarios of k6/ and reads what k6 says of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.load.recipe import QUANTILES, Recipe, recipe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from subprocess import CompletedProcess

FOLDER = Path(__file__).parents[2] / "k6"
SCENARIOS = sorted(path.stem for path in FOLDER.glob("*.js"))
_K6 = Path(sys.executable).with_name("k6")
_REFUSED = re.compile(r"refused ([\w-]+) (\d+) ")
_THRESHOLDS_FAILED = 99  # https://github.com/grafana/k6/blob/master/errext/exitcodes/codes.go
# Its collector runs less often then: k6 takes a tenth less CPU a request, and some hundred megabytes.
_GARBAGE = "400"
_LAST_CHARS = 3000


class Http(NamedTuple):
    """What k6 saw of one stage."""

    begun: int
    accepted: int
    """Answered 202."""
    refused: frozenset[int]
    """The numbers of those that were answered anything else, or not at all."""
    dropped: int
    """Requests that k6 had nobody left to send."""
    ms: dict[str, float]
    """What an answer took, by quantile."""
    seconds: float
    """How long it lasted; less than asked where k6 stopped."""
    failed: list[str]
    """The thresholds that did not hold."""


class K6Error(Exception):
    """k6 did not run, or sent nothing."""


def inspect(scenario: str, scale: Mapping[str, str]) -> Recipe:
    """What a scenario sends at this scale (`SCALE`, `RATE_SCALE`).

    Raises:
        K6Error: k6 does not accept it.
    """
    given = [part for name, value in scale.items() for part in ("-e", f"{name}={value}")]
    done = _k6(["inspect", *given, str(FOLDER / f"{scenario}.js")], os.environ, stdout=subprocess.PIPE)
    return recipe(scenario, json.loads(done.stdout))


def run(asked: Recipe, environment: Mapping[str, str], folder: Path) -> dict[str, Http]:
    """Run a scenario to its end; what k6 saw, by stage.

    Args:
        asked: What is run, as `inspect` said.
        environment: `URL`, `RUN` and the scale it was inspected at.
        folder: For what k6 writes.

    Raises:
        K6Error: It did not run, or sent nothing.
    """
    summary, refused = folder / "summary.json", folder / "refused.log"
    options = ["--no-usage-report", "--address=", f"--console-output={refused}"]
    if not sys.stdout.isatty():
        options.append("--quiet")
    script = str(FOLDER / f"{asked.scenario}.js")
    given = {**os.environ, **environment, "SUMMARY": str(summary), "GOGC": _GARBAGE}
    done = _k6(["run", *options, script], given, stdout=None)
    found = seen(asked, json.loads(summary.read_text()), refused.read_text())
    if not found[asked.stages[0].name].begun:
        raise K6Error(f"k6 sent nothing: {done.stderr[-_LAST_CHARS:]}")
    return found


def seen(asked: Recipe, summary: dict[str, Any], refused: str) -> dict[str, Http]:
    """What k6 saw, by stage: its summary, and a line for each request that was refused."""
    numbers = _REFUSED.findall(refused)
    left_s, found = summary["state"]["testRunDurationMs"] / 1000, {}
    for stage in asked.stages:
        ours = frozenset(int(number) for name, number in numbers if name == stage.name)
        found[stage.name] = _http(stage.name, summary["metrics"], ours, max(0.0, min(stage.seconds, left_s)))
        left_s -= stage.seconds
    return found


def _k6(arguments: list[str], environment: Mapping[str, str], stdout: int | None) -> CompletedProcess[str]:
    done = subprocess.run(
        [str(_K6), *arguments], env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in {0, _THRESHOLDS_FAILED}:
        raise K6Error(f"k6 {arguments[0]} ended with {done.returncode}: {done.stderr[-_LAST_CHARS:]}")
    return done


def _http(stage: str, metrics: dict[str, Any], refused: frozenset[int], seconds: float) -> Http:
    """A metric that k6 knows nothing of is missing: nothing was dropped, or the stage was not reached."""
    tag = f"{{scenario:{stage}}}"

    def values(metric: str) -> dict[str, float]:
        return dict(metrics.get(metric + tag, {}).get("values", {}))

    took = values("http_req_duration")
    begun, dropped = (int(values(metric).get("count", 0)) for metric in ("requests_begun", "dropped_iterations"))
    accepted = int(values("http_req_failed").get("fails", 0))  # of a rate, what did not happen
    failed = [
        f"{metric.removesuffix(tag)} {threshold}"
        for metric, about in metrics.items()
        if metric.endswith(tag)
        for threshold, found in about.get("thresholds", {}).items()
        if not found["ok"]
    ]
    ms = {name: took.get(f"p({name[1:]})", 0.0) for name in QUANTILES}
    return Http(begun, accepted, refused, dropped, ms, seconds, failed)
