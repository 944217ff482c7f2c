"""`winnow classify`: every judge's answer, with a model that answers and one that does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from alerts.errors import WinnowError
from tests.support.model import model_server
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

    from tests.support.model import ModelServer

STARTS = "2026-11-24T03:00:00Z"
BACKUP = {
    "labels": {"alertname": "BackupSlow", "severity": "info", "instance": "db-1"},
    "annotations": {"summary": "backup took 93 minutes, password=hunter2hunter2"},
}
RULES = """
  rules:
    - {name: own, match: 'team="shop"', severity: critical, category: shop, recommendations: [Call the shop]}
    - builtin
"""


class Desk:
    """A folder with a configuration, where the verb is called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = folder / "winnow.yaml"
        self._alert = folder / "alert.json"
        monkeypatch.setenv("WINNOW_CONFIG", str(self._file))
        self.configure("")

    def configure(self, text: str, model: ModelServer | None = None) -> None:
        llm = "" if model is None else f"  llm: {{base_url: {model.base_url}, model: small, timeout: 60s}}\n"
        self._file.write_text(f"classify:\n{text}{llm}" if text or llm else "# empty\n")

    def classify(self, body: object, *arguments: str) -> Result:
        self._alert.write_text(body if isinstance(body, str) else json.dumps(body))
        command = ["classify", str(self._alert), *arguments]
        return CliRunner().invoke(application("classify"), command, catch_exceptions=False)

    def told(self, body: object, *arguments: str) -> list[dict[str, Any]]:
        alerts: list[dict[str, Any]] = json.loads(self.classify(body, "-o", "json", *arguments).stdout)["alerts"]
        return alerts


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def model() -> Iterator[ModelServer]:
    with model_server() as it:
        yield it


def webhook(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {"receiver": "r", "alerts": [{"status": "firing", "startsAt": STARTS, **alert} for alert in alerts]}


def test_each_rule_and_the_label_says_its_own(desk: Desk) -> None:
    desk.configure(RULES)
    labels = {"alertname": "PostgresDown", "severity": "warning", "team": "shop"}
    (case,) = desk.told({"labels": labels})
    found = [(one["judge"], (one["found"] or {}).get("severity")) for one in case["judges"]]
    assert found == [("own", "critical"), ("builtin", "critical"), ("label", "warning")]
    assert (case["told"]["rule"], case["told"]["recommendations"]) == ("own", ["Call the shop"])
    (other,) = desk.told({"labels": {"alertname": "X"}})
    assert [one["found"] is None for one in other["judges"]] == [True, True, False]


def test_without_a_model_it_says_so_and_exits_with_0(desk: Desk) -> None:
    result = desk.classify(BACKUP)
    assert result.exit_code == 0
    assert "  model        no answer (no model: classify.llm is not set)\n" in result.stdout
    assert "  outcome      info, unknown (label: severity_label, confidence 0.5)\n" in result.stdout


def test_model_is_asked_and_shown_what_it_saw(desk: Desk, model: ModelServer) -> None:
    model.behave("ok")
    desk.configure("", model)
    (case,) = desk.told(BACKUP)
    assert case["template"]["labels"] == {"alertname": "BackupSlow", "severity": "info"}
    assert "93" not in str(case["template"])
    assert "hunter2" not in str(model.seen())
    assert (case["model"]["how"], case["model"]["answer"]["severity"]) == ("answered", "warning")
    assert (case["told"]["severity"], case["told"]["source"], case["alone"]["severity"]) == ("warning", "llm", "info")
    assert case["guards"] == []


def test_answer_below_the_rules_is_lifted_and_the_guard_rail_named(desk: Desk, model: ModelServer) -> None:
    model.behave("ok")
    desk.configure("", model)
    labels = {"alertname": "NodeDown", "severity": "critical"}
    result = desk.classify({"labels": labels})
    assert "model        small: info, general (confidence 0.5" in result.stdout
    assert "guard        floor: milder than what the rules say, whose severity holds" in result.stdout
    assert "outcome      critical, infrastructure (rules: node_down" in result.stdout


def test_alerts_of_one_template_are_one_call_and_a_resolve_is_none(desk: Desk, model: ModelServer) -> None:
    model.behave("ok")
    desk.configure("", model)
    other = {"labels": {**BACKUP["labels"], "instance": "db-2"}, "annotations": BACKUP["annotations"]}
    over = {**other, "status": "resolved", "endsAt": "2026-11-24T04:00:00Z"}
    alone = {"labels": {"alertname": "Alone"}, "status": "resolved", "endsAt": "2026-11-24T04:00:00Z"}
    cases = desk.told(webhook(BACKUP, other, over, alone))
    assert [case["model"]["how"] for case in cases] == ["answered", "cached", "resolved", "resolved"]
    assert [case["model"]["answer"] is None for case in cases] == [False, False, False, True]
    assert "a resolve waits for no model" in cases[3]["model"]["why_none"]
    assert model.calls() == 1


def test_no_ask_asks_nobody_and_shows_the_template_all_the_same(desk: Desk, model: ModelServer) -> None:
    model.behave("ok")
    desk.configure("", model)
    (case,) = desk.told(BACKUP, "--no-ask")
    assert (case["model"]["why_none"], case["template"]["labels"]["alertname"]) == ("not asked", "BackupSlow")
    assert model.calls() == 0
    assert desk.classify(BACKUP, "--no-ask").exit_code == 0


def test_model_that_does_not_answer_is_exit_code_1_with_the_reason_and_the_rules_word(
    desk: Desk, model: ModelServer
) -> None:
    model.behave("status", status=403)
    desk.configure("", model)
    result = desk.classify(BACKUP)
    assert result.exit_code == 1
    assert "model        no answer (answered 403)" in result.stdout
    assert "outcome      info, unknown (label: severity_label" in result.stdout


def test_alert_that_cannot_be_read_is_named_with_its_fault_and_the_others_are_judged(desk: Desk) -> None:
    result = desk.classify(webhook(BACKUP, {"labels": {}}))
    assert result.exit_code == 1
    assert "firing  BackupSlow" in result.stdout
    assert "alerts[1]  goes to the quarantine\n" in result.stdout


def test_body_of_another_format_is_taken_for_what_it_looks_like_or_what_is_said(desk: Desk) -> None:
    (case,) = desk.told([{"labels": {"alertname": "A"}}])
    assert case["name"] == "A"
    with pytest.raises(WinnowError, match="expected one of alertmanager, cloudevents, grafana, prometheus, got 'x'"):
        desk.classify(BACKUP, "--format", "x")


@pytest.mark.parametrize("body", ["", "{", "[]", "3", '{"alerts": []}'])
def test_body_that_is_none_is_one_error(desk: Desk, body: str) -> None:
    with pytest.raises(WinnowError, match=r"alert\.json: "):
        desk.classify(body)


def test_text_of_an_alert_reaches_the_terminal_escaped(desk: Desk, model: ModelServer) -> None:
    model.behave("ok")
    desk.configure("", model)
    text = desk.classify({"labels": {"alertname": "A\x1b[31m"}, "annotations": {"summary": "\x9b31m\u202e"}}).stdout
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
