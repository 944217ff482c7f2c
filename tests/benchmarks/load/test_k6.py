"""k6 accepts each scenario, sends what the recipe says, and is read rightly."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from benchmarks.load.k6 import SCENARIOS, Http, K6Error, inspect, run, seen
from benchmarks.load.recipe import Recipe, Stage
from connectors.threaded import Threaded

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = {"SCALE": "1", "RATE_SCALE": "1"}
TWO = Recipe("stress", (Stage("one", 10, 2.0, 1), Stage("two", 10, 2.0, 1)), 1, 1, {}, {}, stops=True)
FEW = {"SCALE": "0.01", "RATE_SCALE": "0.01"}
AGAIN_EVERY = 3


class Gateway(BaseHTTPRequestHandler):
    """Takes two of three requests."""

    bodies: list[bytes]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response_only(503 if len(self.bodies) % AGAIN_EVERY == 0 else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_each_scenario_of_the_issue_is_there() -> None:
    assert SCENARIOS == ["baseline", "flood", "soak", "spike", "storm", "stress"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_k6_accepts_the_scenario_and_every_stage_of_it_sends(scenario: str) -> None:
    recipe = inspect(scenario, FEW)
    assert recipe.scenario == scenario
    assert all(stage.rate >= 1 and stage.seconds >= 1 and stage.alerts >= 1 for stage in recipe.stages)


def test_stages_come_in_their_order() -> None:
    rates = [stage.rate * stage.alerts for stage in inspect("stress", WHOLE).stages]
    assert rates == sorted(rates)
    assert {1_000, 10_000, 50_000, 100_000} <= set(rates)


def test_one_factor_scales_rates_and_durations() -> None:
    (stage,) = inspect("baseline", {"SCALE": "0.1", "RATE_SCALE": "0.1"}).stages
    assert stage == Stage("baseline", 100, 3.0, 1)


def test_rates_can_be_scaled_by_another_factor() -> None:
    (stage,) = inspect("baseline", {"SCALE": "0.1", "RATE_SCALE": "2"}).stages
    assert stage == Stage("baseline", 2000, 3.0, 1)


def test_limits_are_those_of_the_scenario() -> None:
    baseline, stress = (inspect(name, FEW) for name in ("baseline", "stress"))
    assert baseline.answer_ms == {"p95": 5.0}
    assert baseline.arrival_ms == {"p50": 5.0, "p95": 20.0, "p99": 50.0}
    assert (stress.answer_ms, stress.arrival_ms) == ({"p95": 500.0}, {"p99": 1000.0})


def test_scenario_that_is_not_there_is_an_error() -> None:
    with pytest.raises(K6Error, match="k6 inspect ended with"):
        inspect("gone", WHOLE)


def test_k6_sends_the_alerts_that_the_recipe_says_and_names_what_was_refused(tmp_path: Path) -> None:
    class Taking(Gateway):
        bodies: list[bytes] = []  # noqa: RUF012 one list for this test

    recipe = inspect("stress", FEW)
    with Threaded("127.0.0.1:0", Taking) as gateway:
        found = run(recipe, {**FEW, "URL": gateway.url, "RUN": "2026-11-28T05:00:00.000Z"}, tmp_path)
    came = [[alert["labels"] for alert in json.loads(body)["alerts"]] for body in Taking.bodies]
    begun = sum(http.begun for http in found.values())
    assert len(came) == begun
    assert sum(len(http.refused) for http in found.values()) == begun // AGAIN_EVERY
    said = [
        list(recipe.instances(stage, number))
        for stage in recipe.stages
        for number in range(found[stage.name].begun)
    ]  # fmt: skip
    assert sorted([labels["instance"] for labels in one] for one in came) == sorted(said)
    names = {(labels["instance"], labels["alertname"], labels["run"]) for one in came for labels in one}
    assert len(names) == len({instance for one in said for instance in one})


def summary(run_ms: float, **metrics: dict[str, object]) -> dict[str, object]:
    told = {f"{name}{{scenario:one}}": about for name, about in metrics.items()}
    return {"state": {"testRunDurationMs": run_ms}, "metrics": told}


def test_summary_is_read_by_stage() -> None:
    told = summary(
        1500,
        requests_begun={"values": {"count": 10}},
        http_req_failed={"values": {"fails": 6, "passes": 1}, "thresholds": {"rate==0": {"ok": False}}},
        http_req_duration={
            "values": {"p(50)": 1.0, "p(95)": 2.0, "p(99)": 3.0},
            "thresholds": {"p(95)<5": {"ok": True}},
        },
    )
    found = seen(TWO, told, 'time="x" level=info msg="refused one 4 503"\n')
    ms = {"p50": 1.0, "p95": 2.0, "p99": 3.0}
    assert found["one"] == Http(10, 6, frozenset({4}), 0, ms, 1.5, ["http_req_failed rate==0"])
    nothing = dict.fromkeys(ms, 0.0)
    assert found["two"] == Http(0, 0, frozenset(), 0, nothing, 0.0, [])
