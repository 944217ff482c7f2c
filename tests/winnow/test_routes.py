"""`winnow routes`: the tree, and the way of one alert through it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from alerts.errors import WinnowError
from alerts.fingerprint import fingerprint
from tests.support.events import read
from winnow._application import application

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
filter:
  - {name: tests, when: 'alertname=~"Test.*"'}
  - {name: night, hours: {start: "22:00", end: "06:00"}, severity: [info]}
routes:
  - {name: pages, match: 'severity="critical"', to: [pager, old], continue: true}
  - {match: 'team="db",role!="replica"', to: [hook]}
targets:
  - name: pager
    kind: pagerduty
    routing_key: routing-canary-0123456789
    fallback: hook
    filter: [{name: quiet, category: [resource], critical: true}]
  - {name: hook, kind: webhook, url: https://hooks.example.com/canary}
  - {name: old, kind: webhook, url: https://hooks.example.com/canary, enabled: false}
"""


class Desk:
    """A folder with a configuration, where the verb is called."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "winnow.yaml"
        self._file.write_text(FILE)

    def text(self, *arguments: str) -> str:
        command = ["routes", "--config", str(self._file), *arguments]
        result = CliRunner().invoke(application("routes"), command, catch_exceptions=False)
        assert result.exit_code == 0
        assert "canary" not in result.output
        return result.stdout

    def told(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text("-o", "json", *arguments))
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_tree_holds_every_rule_and_target_with_what_they_ask(desk: Desk) -> None:
    assert desk.text().splitlines() == [
        "filter: the first rule that holds decides; without one the alert goes on",
        '  filter[0] (tests)  deny: alertname=~"Test.*"',
        "  filter[1] (night)  deny: classified info, from 22:00 to 06:00 UTC",
        "routes: the first that holds decides, unless it goes on",
        '  routes[0] (pages)  severity="critical"  -> pager, old (disabled); goes on',
        '  routes[1]  team="db", role!="replica"  -> hook',
        "  else nobody is told",
        "targets",
        "  pager  pagerduty  (fallback hook)",
        "    filter[0] (quiet)  deny: of category resource, critical ones too",
        "  hook  webhook",
        "  old  webhook  (disabled)",
    ]
    tree = desk.told()
    assert [route["continue"] for route in tree["routes"]] == [True, False]
    assert [target["fallback"] for target in tree["targets"]] == ["hook", None, None]


def test_way_says_who_is_told_and_who_is_not_by_which_rule(desk: Desk) -> None:
    text = desk.text("alertname=PostgresDown", "severity=critical", "team=db")
    assert "  no   filter[0] (tests)  has no effect on critical alerts\n" in text
    assert '  yes  routes[0] (pages)  severity="critical"  -> pager, old; goes on\n' in text
    assert text.endswith(
        "targets\n  told      pager: by routes[0] (pages)\n  told      hook: by routes[1]\n"
        "  not told  old: it is disabled\n"
    )


def test_targets_own_filter_and_routes_that_do_not_hold_are_named(desk: Desk) -> None:
    told = desk.told("alertname=HighCPU", "severity=critical", "team=web")
    assert [(one["name"], one["told"], one["why"]) for one in told["targets"]] == [
        ("pager", False, "its own filter[0] (quiet) ends the alert"),
        ("hook", False, "no route that held names it"),
        ("old", False, "it is disabled"),
    ]
    assert [one["why_not"] for one in told["routes"]] == [None, 'not so: team="db"']


def test_hours_are_those_of_the_moment_given(desk: Desk) -> None:
    alert = ("alertname=Slow", "severity=info", "team=db")
    night = desk.told(*alert, "--at", "2026-11-24T03:00:00Z")
    day = desk.told(*alert, "--at", "2026-11-24T13:00:00Z")
    assert (night["filter"]["outcome"], day["filter"]["outcome"]) == ("deny", "allow")
    assert day["filter"]["looked_at"][1]["why_not"] == "not so: from 22:00 to 06:00 UTC"
    assert night["targets"][1]["why"] == "filter[1] (night) ends the alert"
    assert night["routes"] == []


def test_resolve_that_is_stopped_closes_what_may_be_open(desk: Desk) -> None:
    pager = desk.told("alertname=TestDisk", "--status", "resolved")["targets"][0]
    assert (pager["name"], pager["told"], pager["only_closes"]) == ("pager", False, True)
    assert pager["why"].endswith("if it is open there, it is closed all the same")


def test_annotations_are_seen_by_rules_and_the_fingerprint_is_the_senders(desk: Desk) -> None:
    told = desk.told("alertname=A", "team=db", "--annotation", "description=error rate of 5%")
    assert told["classify"]["told"]["rule"] == "error_rate"
    alert = {"status": "firing", "labels": {"alertname": "A", "team": "db"}, "startsAt": "2026-11-24T03:00:00Z"}
    (submission,) = read(json.dumps({"receiver": "r", "alerts": [alert]}).encode()).submissions
    assert told["fingerprint"] == submission.owner


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["severity=critical"], r"labels\.alertname: expected a non-empty alertname"),
        (["alertname"], "LABEL=VALUE: expected a name, an equals sign and a value, got 'alertname'"),
        (["alertname=A", "a=b", "a=c"], "LABEL=VALUE: a is given twice"),
        (["alertname=A", "--at", "soon"], "--at: expected how long ago"),
        (["--at", "2h"], "expected the labels of an alert"),
    ],
)
def test_what_is_no_alert_is_refused_by_name(desk: Desk, arguments: list[str], fault: str) -> None:
    with pytest.raises(WinnowError, match=fault):
        desk.text(*arguments)


@pytest.mark.parametrize(
    ("word", "example"),
    [
        ('alertname=~"DiskFull"', "alertname=DiskFull"),
        ("team!=db", "team=db"),
        ('team!~"db"', "team=db"),
        ('team="db"', "team=db"),
    ],
)
def test_matcher_is_refused_with_the_label_that_may_be_meant(desk: Desk, word: str, example: str) -> None:
    with pytest.raises(WinnowError, match=f"such as '{example}', got the matcher") as refused:
        desk.text("alertname=A", word)
    assert repr(word) in str(refused.value)


def test_value_that_only_looks_like_a_matcher_inside_is_taken(desk: Desk) -> None:
    labels = {"alertname": "A", "expr": 'a=~"b"', "say": '"a" and "b"', "path": "a~b"}
    told = desk.told(*(f"{name}={value}" for name, value in labels.items()))
    assert told["fingerprint"] == fingerprint(labels)


def test_text_of_labels_reaches_the_terminal_escaped(desk: Desk) -> None:
    text = desk.text("alertname=A\x1b[31m")
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
