"""Files of cases: what they say, and every fault with its place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from alerts.case_file import Planned, parse
from alerts.errors import ConfigError


def case(*steps: str, more: str = "") -> Planned:
    """The case with these steps."""
    text = "".join(f"  - {{{step}}}\n" for step in steps)
    (one,) = parse(f"- name: a\n{more}  steps:\n{text}", "c.yaml", {})
    return one


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "c.yaml", {})
    return str(caught.value).splitlines()


def fault(*steps: str) -> str:
    with pytest.raises(ConfigError) as caught:
        case(*steps)
    return str(caught.value)


NOTHING = "expected `target`, or why nobody is told: `filtered_by` or `duplicate: true`"
FIRE = "at: 0s, fire: {alertname: A, host: one}"


def test_resolve_takes_labels_annotations_and_start_of_the_firing_that_has_its_labels() -> None:
    fired = "at: 1m, fire: {alertname: A, host: two}, annotations: {summary: it burns}"
    _, firing, resolve = case(FIRE, fired, "at: 5m, resolve: {host: two}").events
    assert resolve.submission.labels == {"alertname": "A", "host": "two"}
    assert resolve.submission.owner == firing.submission.owner
    assert resolve.submission.starts_at == firing.submission.starts_at == "2026-01-05T12:01:00.000Z"
    assert resolve.submission.ends_at == "2026-01-05T12:05:00.000Z"
    assert b'"summary":"it burns"' in resolve.submission.line


def test_resolve_means_what_fires_before_what_did() -> None:
    steps = (FIRE, "at: 1m, resolve: {host: one}", "at: 2m, fire: {alertname: A, host: two}")
    *_, last = case(*steps, "at: 3m, resolve: {alertname: A}").events
    assert last.submission.labels["host"] == "two"


def test_resolve_may_come_again() -> None:
    *_, first, again = case(FIRE, "at: 1m, resolve: {host: one}", "at: 2m, resolve: {host: one}").events
    assert again.submission.owner == first.submission.owner


def test_resolve_of_several_alerts_names_them() -> None:
    text = fault(FIRE, "at: 0s, fire: {alertname: A, host: two}", "at: 1m, resolve: {alertname: A}")
    assert text == (
        "c.yaml:5: cases[0] (a).steps[2].resolve: expected the labels of one alert, found 2 that have them: "
        "{alertname='A', host='one'} and {alertname='A', host='two'}"
    )


def test_resolve_of_no_alert_is_a_fault() -> None:
    assert "steps[1].resolve: expected labels of an alert that a step before fires" in fault(
        FIRE, "at: 1m, resolve: {host: three}"
    )


def test_repeat_keeps_its_start_and_the_next_firing_has_its_own() -> None:
    steps = (FIRE, FIRE.replace("0s", "1m"), "at: 2m, resolve: {alertname: A}", FIRE.replace("0s", "3m"))
    starts = [event.submission.starts_at for event in case(*steps).events]
    assert starts == ["2026-01-05T12:00:00.000Z"] * 3 + ["2026-01-05T12:03:00.000Z"]


def test_moments_are_counted_from_the_start_or_absolute() -> None:
    more = "  starts: 2026-02-01T00:00:00+01:00\n"
    (event,) = case(FIRE + ", startsAt: -2d", more=more).events
    assert (event.submission.starts_at, event.at_ms) == ("2026-01-29T23:00:00.000Z", 1_769_900_400_000)
    (event,) = case(FIRE + ", startsAt: 2025-01-01T00:00:00Z").events
    assert event.submission.starts_at == "2025-01-01T00:00:00Z"


def test_fingerprint_owns_an_alert_whose_labels_change() -> None:
    steps = ("at: 0s, fire: {alertname: A, level: red}, fingerprint: 00000000000000aa",)
    first, last = case(*steps, "at: 1m, resolve: {level: green}, fingerprint: 00000000000000aa").events
    assert first.submission.owner == last.submission.owner == "00000000000000aa"
    assert last.submission.labels == {"alertname": "A", "level": "green"}


def test_model_says_what_it_said_before_until_it_says_something_else() -> None:
    steps = (FIRE + ", model: {severity: info}", FIRE, FIRE + ", model: none", FIRE)
    assert [event.said.severity if event.said else None for event in case(*steps).events] == [
        "info",
        "info",
        None,
        None,
    ]


def test_every_fault_is_told_at_once_with_its_line_and_place() -> None:
    text = """
- name: one
  steps:
    - {at: 0s, fire: {severity: critical}}
    - {at: soon, fire: {alertname: A}, expect: [{targt: oncall}]}
- nam: two
  steps:
    - {at: 5m, fire: {alertname: A}, resolve: {alertname: A}}
- name: three
  steps:
    - {at: 5m, fire: {alertname: A}}
    - {at: 4m, fire: {alertname: B}}
- {name: three, steps: []}
- {name: three, steps: [{at: 0s, fire: {alertname: A}}]}
"""
    assert faults(text) == [
        "c.yaml:4: cases[0] (one).steps[0].fire: expected a non-empty alertname",
        "c.yaml:5: cases[0] (one).steps[1].expect[0].targt: unknown key; did you mean 'target'?",
        "c.yaml:5: cases[0] (one).steps[1].at: expected a length of time such as 90s, 5m or 1h30m, got 'soon'",
        f"c.yaml:5: cases[0] (one).steps[1].expect[0]: {NOTHING}",
        "c.yaml:6: cases[1].nam: unknown key; did you mean 'name'?",
        "c.yaml:6: cases[1].name: is missing",
        "c.yaml:8: cases[1].steps[0]: expected one of `fire` and `resolve`, the labels of an alert",
        "c.yaml:12: cases[2] (three).steps[1].at: expected no earlier time than that of the step before",
        "c.yaml:13: cases[3] (three).name: expected a name of its own, got that of line 9",
        "c.yaml:13: cases[3] (three).steps: expected 1 or more entries",
        "c.yaml:14: cases[4] (three).name: expected a name of its own, got that of line 9",
    ]


@pytest.mark.parametrize("text", ["", "a: b", "[]", "just text"])
def test_file_without_a_list_of_cases_says_what_it_should_hold(text: str) -> None:
    (line,) = faults(text)
    assert line.endswith("the file: expected a list of cases, each with a `name` and `steps`")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{severity: critical}", "expected `target`, or why nobody is told"),
        ("{target: a, filtered_by: b, status: firing}", "expected who is told or why nobody is, got both"),
        ("{duplicate: true, target: a}", "expected `duplicate: true` alone"),
        ("{target: a}, {target: a}", "expected each target once in `expect`"),
    ],
)
def test_expectation_that_contradicts_itself_is_a_fault(entry: str, said: str) -> None:
    assert said in fault(f"{FIRE}, expect: [{entry}]")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("starts: noon", "starts: expected a time such as 2026-01-05T09:00:00Z, got 'noon'"),
        ("starts: 1999-12-31T23:59:59Z", "starts: expected a time between the years 2000 and 2100"),
        ("starts: 0001-01-01T00:00:00Z", "starts: expected a time between the years 2000 and 2100"),
    ],
)
def test_start_that_is_no_time_of_ours_is_a_fault(given: str, said: str) -> None:
    (line,) = faults(f"- name: a\n  {given}\n  steps: [{{{FIRE}}}]\n")
    assert said in line


@pytest.mark.parametrize("given", ["soon", "-", "--1m", "400d", "2026-13-01T00:00:00Z"])
def test_moment_that_is_none_says_what_it_may_be(given: str) -> None:
    assert "startsAt: expected how long after the start (10m, -2d) or a time such as" in fault(
        f"{FIRE}, startsAt: {given}"
    )


EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "winnow-test.yaml"


@pytest.mark.parametrize("seed", range(200))
def test_whatever_becomes_of_a_file_it_is_read_or_its_faults_are_told(seed: int) -> None:
    chance = random.Random(seed)
    text = EXAMPLE.read_text()
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text))
        put = chance.choice(
            ["", "[", "{", "}", "-", ": ", "~", "'", "$", "${A}", "\n", "\ue000", "9", "expect", "\ud800"]
        )
        text = text[:place] + put + text[place + chance.randint(0, 12) :]
    told: list[str] = []
    planned: list[Planned] = []
    try:
        planned = parse(text, "c.yaml", {})
    except ConfigError as error:
        told = str(error).splitlines()
    assert planned or told
    assert [line for line in told if not line.startswith("c.yaml")] == []
