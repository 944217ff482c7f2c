"""`winnow test`: cases that pass, cases that fail and say why, files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from alerts.errors import ConfigError, WinnowError
from winnow._application import application

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parents[2]
CONFIG = """
routes:
  - {name: pages, severity: [critical], to: [oncall]}
  - {to: [chat]}
filter:
  - {name: night, hours: {start: "22:00", end: "06:00"}}
  - {name: tests, when: 'alertname=~"Test.*"'}
targets:
  - {name: oncall, kind: pagerduty, routing_key: "${NOT_SET_ANYWHERE}"}
  - name: chat
    kind: slack
    url_file: not/there
    filter: [{name: quiet, when: 'team="quiet"'}]
"""


def winnow_test(folder: Path, cases: str, *options: str, config: str = CONFIG) -> Result:
    (folder / "winnow.yaml").write_text(config)
    (folder / "cases.yaml").write_text(cases)
    words = ["test", str(folder / "cases.yaml"), "--config", str(folder / "winnow.yaml"), *options]
    return CliRunner().invoke(application("test"), words, catch_exceptions=False)


def case(*steps: str, name: str = "a", more: str = "") -> str:
    return f"- name: {name}\n{more}  steps:\n" + "".join(f"    - {{{step}}}\n" for step in steps)


PAGE = "at: 0s, fire: {alertname: Down, severity: critical}"


def test_example_for_the_example_configuration_passes() -> None:
    file = ROOT / "deploy" / "examples" / "winnow-test.yaml"
    words = ["test", str(file), "--config", str(ROOT / "winnow.yaml")]
    result = CliRunner().invoke(application("test"), words, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (0, "5 passed\n")


def test_time_passes_between_steps(tmp_path: Path) -> None:
    steps = [PAGE + ", expect: [{target: oncall}]"]
    steps += [PAGE.replace("0s", at) + f", expect: [{told}]" for at, told in [("239m", ""), ("4h", "{target: oncall}")]]
    result = winnow_test(tmp_path, case(*steps))
    assert (result.exit_code, result.stdout) == (0, "1 passed\n")


@pytest.mark.parametrize(
    ("starts", "expected"),
    [("2026-01-05T21:59:59Z", "{target: chat}"), ("2026-01-05T22:00:00Z", "{filtered_by: night}")],
)
def test_hours_are_those_of_the_case(tmp_path: Path, starts: str, expected: str) -> None:
    step = f"at: 0s, fire: {{alertname: Slow}}, expect: [{expected}]"
    assert winnow_test(tmp_path, case(step, more=f"  starts: {starts}\n")).exit_code == 0


def test_failure_shows_expected_and_got_and_what_each_step_said(tmp_path: Path) -> None:
    result = winnow_test(tmp_path, case(PAGE + ", expect: [{target: chat, severity: critical}]"))
    assert result.exit_code == 1
    file = tmp_path / "cases.yaml"
    assert result.stdout.splitlines() == [
        f"FAIL {file}:1: a",
        f"  {file}:3: steps[0] at 0s: Down firing (severity=critical)",
        "      expected             got",
        "    ! chat: critical       chat: is not told",
        "    ! oncall: is not told  oncall: firing, critical, unknown by pages",
        "      dedup     new",
        "      classify  critical, unknown (label: severity_label, confidence 0.5)",
        "      filter    allow: default",
        "      route     routed: pages (severity=critical, category=unknown, confidence=0.5)",
        "",
        "0 passed, 1 failed",
    ]


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("{target: oncal}", "oncal: is not told; there is no target 'oncal'; did you mean 'oncall'?"),
        ("{target: nobody}", "nobody: is not told; there is no target 'nobody'; known: chat, oncall"),
        ("{target: oncall, route: page}", "there is no route 'page'; did you mean 'pages'?"),
        ("{filtered_by: nigth}", "passed the filter; there is no filter rule 'nigth'; did you mean 'night'?"),
        ("{target: chat, filtered_by: quit}", "there is no filter rule of chat 'quit'; did you mean 'quiet'?"),
    ],
)
def test_name_that_the_configuration_does_not_have_is_told_with_what_may_be_meant(
    tmp_path: Path, expected: str, said: str
) -> None:
    result = winnow_test(tmp_path, case(f"{PAGE}, expect: [{expected}]"))
    assert result.exit_code == 1
    assert said in result.stdout


def test_name_that_the_configuration_has_is_not_told_as_lacking(tmp_path: Path) -> None:
    wrong = '[{target: chat, route: "routes[1]"}, {target: oncall, filtered_by: disabled}]'
    result = winnow_test(tmp_path, case(f"{PAGE}, expect: {wrong}"))
    assert (result.exit_code, "there is no" in result.stdout) == (1, False)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("alertname: TestA", "{filtered_by: tests}"),
        ("alertname: Slow, team: quiet", "{target: chat, filtered_by: quiet}"),
        ("alertname: Slow", '{target: chat, route: "routes[1]", status: firing}'),
        ("alertname: Down, severity: critical", "{target: oncall, route: pages, severity: critical}"),
    ],
)
def test_what_stops_an_alert_or_sends_it_can_be_expected_by_name(tmp_path: Path, labels: str, expected: str) -> None:
    held = winnow_test(tmp_path, case(f"at: 0s, fire: {{{labels}}}, expect: [{expected}]"))
    assert (held.exit_code, held.stdout) == (0, "1 passed\n")
    others = [f"at: 0s, fire: {{{labels}}}, expect: [{one}]" for one in ("{duplicate: true}", "{filtered_by: night}")]
    assert [winnow_test(tmp_path, case(other)).exit_code for other in others] == [1, 1]


def test_answer_of_a_model_is_weighed_as_in_the_flow(tmp_path: Path) -> None:
    llm = "\nclassify: {llm: {base_url: 'http://127.0.0.1:1/v1', model: small}}\n"
    raised = "at: 0s, fire: {alertname: Odd, severity: warning}, model: {severity: critical, category: database}"
    cases = case(raised + ", expect: [{target: oncall, severity: critical, category: database}, {target: chat}]")
    assert winnow_test(tmp_path, cases, config=CONFIG + llm).stdout == "1 passed\n"
    lowered = winnow_test(tmp_path, cases.replace("critical, cat", "info, cat"), config=CONFIG + llm).stdout
    assert "! oncall: info, database  oncall: is not told" in lowered
    assert "      model     small: info, database (" in lowered
    assert winnow_test(tmp_path, cases).exit_code == 1, "without a model nobody is asked"


def test_each_case_begins_with_nothing_seen(tmp_path: Path) -> None:
    told = case(PAGE + ", expect: [{target: oncall}]")
    assert winnow_test(tmp_path, told + told.replace("name: a", "name: b")).stdout == "2 passed\n"


def test_name_chooses_cases(tmp_path: Path) -> None:
    cases = case(PAGE, name="the first") + case(PAGE, name="the second")
    assert winnow_test(tmp_path, cases, "-k", "SECOND").stdout == "1 passed\n"
    with pytest.raises(WinnowError, match="no case has 'third' in its name"):
        winnow_test(tmp_path, cases, "-k", "third")


def test_json_holds_every_step_with_its_decision(tmp_path: Path) -> None:
    result = winnow_test(tmp_path, case(PAGE, PAGE + ", expect: []", PAGE + ", expect: [{target: chat}]"), "-o", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["passed"], report["failed"]) == (1, 0, 1)
    steps = report["cases"][0]["steps"]
    assert [(step["line"], step["passed"]) for step in steps] == [(3, True), (4, True), (5, False)]
    assert [step["decision"]["dedup"]["outcome"] for step in steps] == ["new", "duplicate", "duplicate"]
    assert steps[2]["points"] == [{"expected": "chat: told", "got": "chat: ended by dedup, duplicate", "holds": False}]


def test_junit_report_is_xml_whatever_alerts_hold(tmp_path: Path) -> None:
    nasty = r'"<&\"\x01\uFFFE]]>\u202e"'
    cases = case(f"at: 0s, fire: {{alertname: {nasty}}}, expect: []", name=nasty) + case(PAGE)
    result = winnow_test(tmp_path, cases, "--junit", str(tmp_path / "report.xml"))
    root = ET.parse(tmp_path / "report.xml").getroot()
    assert result.exit_code == 1
    assert [(suite.get("tests"), suite.get("failures")) for suite in root.iter("testsuite")] == [("2", "1")]
    failed, passed = root.iter("testcase")
    assert failed.get("name") == r'<&"\x01\ufffe]]>\u202e'
    assert r'<&"\x01\ufffe]]>\u202e firing' in (failed.findtext("failure") or "")
    assert passed.find("failure") is None


def test_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    for name in ("a.yaml", "b.yml"):
        (tmp_path / "cases" / name).write_text(case("at: 0s"))
    (tmp_path / "winnow.yaml").write_text(CONFIG)
    words = ["test", str(tmp_path / "cases"), str(tmp_path / "gone.yaml"), "--config", str(tmp_path / "winnow.yaml")]
    with pytest.raises(ConfigError) as caught:
        CliRunner().invoke(application("test"), words, catch_exceptions=False)
    files = [line.split(": ")[0].removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]
    assert files == ["cases/a.yaml:3", "cases/b.yml:3", "gone.yaml"]


def test_variable_that_a_rule_asks_for_must_be_there(tmp_path: Path) -> None:
    config = CONFIG.replace('team="quiet"', 'team="${NOT_SET_EITHER}"')
    with pytest.raises(ConfigError, match=r"quiet.*the environment has no variable NOT_SET_EITHER") as caught:
        winnow_test(tmp_path, case(PAGE), config=config)
    assert "NOT_SET_ANYWHERE" not in str(caught.value)


def test_resolve_is_weighed_by_what_its_firing_that_passed_was_told_for(tmp_path: Path) -> None:
    llm = "\nclassify: {llm: {base_url: 'http://127.0.0.1:1/v1', model: small}}\n"
    steps = [
        "at: 0s, fire: {alertname: Odd}, model: {severity: warning}, expect: [{target: chat}]",
        "at: 1m, fire: {alertname: Odd}, model: {severity: critical}, expect: [{duplicate: true}]",
        "at: 2m, resolve: {alertname: Odd}, expect: [{target: chat, severity: warning}]",
    ]
    assert winnow_test(tmp_path, case(*steps), config=CONFIG + llm).stdout == "1 passed\n"


def test_resolve_of_what_the_rules_alone_told_goes_by_the_rules(tmp_path: Path) -> None:
    llm = "\nclassify: {llm: {base_url: 'http://127.0.0.1:1/v1', model: small}}\n"
    steps = [
        "at: 0s, fire: {alertname: Odd}, model: none, expect: [{target: chat}]",
        "at: 1m, fire: {alertname: Odd}, model: {severity: critical}, expect: [{duplicate: true}]",
        "at: 2m, resolve: {alertname: Odd}, expect: [{target: chat}]",
        "at: 8h, fire: {alertname: Odd}, expect: [{target: oncall, severity: critical}, {target: chat}]",
        "at: 9h, resolve: {alertname: Odd}, expect: [{target: oncall, severity: critical}, {target: chat}]",
    ]
    assert winnow_test(tmp_path, case(*steps), config=CONFIG + llm).stdout == "1 passed\n"


def test_rule_of_the_same_name_that_ends_it_for_everybody_is_not_the_targets_own(tmp_path: Path) -> None:
    config = CONFIG.replace("name: tests, when: 'alertname=~\"Test.*\"'", "name: quiet, when: 'team=\"quiet\"'")
    step = "at: 0s, fire: {alertname: Slow, team: quiet}, expect: "
    assert winnow_test(tmp_path, case(step + "[{filtered_by: quiet}]"), config=config).exit_code == 0
    for target in ("chat", "nobody"):
        failed = winnow_test(tmp_path, case(f"{step}[{{target: {target}, filtered_by: quiet}}]"), config=config)
        assert (failed.exit_code, f"{target}: filtered by quiet, for everybody" in failed.stdout) == (1, True)


def test_alert_that_the_gateway_would_refuse_is_a_fault_of_its_line(tmp_path: Path) -> None:
    many = "".join(f", l{number}: x" for number in range(512))
    step = f"at: 0s, fire: {{alertname: Wide{many}}}, expect: [{{target: chat}}]"
    with pytest.raises(ConfigError, match=r"cases\.yaml:3: .*gateway\.limits\.labels\): at most 512 labels, got 513"):
        winnow_test(tmp_path, case(step))
    more = CONFIG + "\ngateway: {limits: {labels: 513}}\n"
    assert winnow_test(tmp_path, case(step), config=more).exit_code == 0


def test_alert_that_no_broker_would_take_is_a_fault_of_its_line(tmp_path: Path) -> None:
    step = f"at: 0s, fire: {{alertname: Big}}, annotations: {{text: {'x' * 990_000}}}"
    with pytest.raises(ConfigError, match=r"cases\.yaml:3: .*expected at most \d+ bytes, got 99\d+"):
        winnow_test(tmp_path, case(step))
