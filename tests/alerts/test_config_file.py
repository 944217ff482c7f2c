from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from alerts.alert import Status
from alerts.config import Config, HttpTarget, Target
from alerts.config_file import Surroundings, parse
from alerts.decision import Severity
from alerts.errors import ConfigError
from alerts.fields import Secret

CANARY = "canary-9f2b7c11d0"


class Pager(HttpTarget):
    routing_key: Secret
    mode: Literal["alerts", "changes"] = "alerts"


class Hook(HttpTarget):
    secret: Secret | None = None


class Slack(HttpTarget):
    pass


KINDS: dict[str, type[Target]] = {"pagerduty": Pager, "webhook": Hook, "slack": Slack}

KNOWN = "pagerduty, slack, webhook"
NO_ADDRESS = "expected an address that begins with http:// or https:// and names a host (what came is a secret)"

# Word for word the example of the issue that fixed these keys.
EXAMPLE = """
  kafka: {bootstrap: 127.0.0.1:9092, topic_prefix: winnow, partitions: 32, replication: 1}
  gateway: {listen: 127.0.0.1:8080}
  dedup: {window: 4h}
  classify: {rules: builtin}          # or a list of rules
  filter:
    - {name: test_alert, when: 'alertname=~"(?i)test.*"', action: deny}
  routes:                             # none: every alert goes to every enabled target
    - {match: 'severity="critical"', to: [oncall], continue: true}
    - {to: [team-hook]}
  targets:
    - {name: oncall, kind: pagerduty, url: http://127.0.0.1:9900/v2/enqueue, routing_key: ${PD_KEY}, allow_private: true}
    - {name: team-hook, kind: webhook, url: http://127.0.0.1:9900/hook, allow_private: true}
"""  # noqa: E501 as it stands there


def read(text: str, **environ: str) -> Config:
    overrides = {"WINNOW_LISTEN": ("gateway", "listen")}
    around = Surroundings(KINDS, environ, overrides, zones=lambda: {"UTC", "Europe/Berlin"})
    return parse(text, "winnow.yaml", around)


def faults(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    return str(caught.value).split("\n")


def hook(more: str) -> str:
    return f"targets:\n  - name: team\n    kind: webhook\n    url: http://h/x\n    {more}\n"


@pytest.mark.parametrize(
    ("fallback", "told"),
    [
        ("hok", "no target is named 'hok'; did you mean 'hook'?"),
        ("spare", "'spare' is disabled"),
        ("team", "another target"),
    ],
)
def test_fallback_that_can_stand_in_for_none_is_refused(fallback: str, told: str) -> None:
    text = f"""targets:
  - {{name: team, kind: webhook, url: "http://a.example/", fallback: {fallback}}}
  - {{name: hook, kind: webhook, url: "http://a.example/"}}
  - {{name: spare, kind: webhook, url: "http://a.example/", enabled: false}}
"""
    (fault,) = faults(text)
    assert fault.startswith("winnow.yaml:2: targets[0] (team)")
    assert told in fault


def test_example_of_the_issue_loads_as_written() -> None:
    config = read(EXAMPLE, PD_KEY=CANARY)
    oncall, team = config.targets
    assert isinstance(oncall, Pager)
    assert oncall.routing_key.get_secret_value() == CANARY
    assert isinstance(team, Hook)
    assert team.allow_private
    assert [route.go_on for route in config.routes] == [True, False]
    assert config.filter[0].when is not None
    assert config.filter[0].when.matches({"alertname": "TestAlert"})
    assert config.dedup.window == timedelta(hours=4)
    assert CANARY not in f"{config!r} {config} {config.model_dump_json()}"


def test_empty_file_is_all_defaults() -> None:
    assert read("") == read("# nothing\n") == Config()


def test_wait_for_kafka_leaves_half_a_second_of_the_five_that_a_sender_is_promised() -> None:
    """README.md promises them; how long the rest takes is no question to a machine with much to do."""
    assert Config().gateway.produce_timeout <= timedelta(seconds=4.5)


def test_empty_value_counts_as_not_given() -> None:
    assert read("routes:\ntargets:\nkafka:\n  partitions: ~\n") == Config()


def test_every_fault_is_told_at_once_in_the_order_of_the_file() -> None:
    text = """
dedup: {windw: 5m, window: 5}
kafka:
  partitions: 0
filter:
  - {name: quiet, when: 'a=~"("', severity: [critcal]}
routes:
  - {to: [onc, team]}
targets:
  - {name: oncall, kind: slak, url: 'http://x'}
  - {name: team, kind: webhook}
  - {name: team, kind: pagerduty, url: x, routing_key: ${PD}}
"""
    assert [fault.partition(" got 'a=~")[0] for fault in faults(text)][:3] == [
        "winnow.yaml:2: dedup.windw: unknown key; did you mean 'window'?",
        "winnow.yaml:2: dedup.window: expected a length of time such as 90s, 5m or 1h30m, got '5'",
        "winnow.yaml:4: kafka.partitions: expected at least 1, got '0'",
    ]
    told = faults(text)
    assert told[3].startswith("winnow.yaml:6: filter[0] (quiet).severity[0]: expected 'critical', 'warning'")
    assert told[3].endswith("got 'critcal'; did you mean 'critical'?")
    assert told[4].startswith("winnow.yaml:6: filter[0] (quiet).when: ")
    assert told[5:] == [
        "winnow.yaml:8: routes[0].to[0]: no target is named 'onc'; did you mean 'oncall'?",
        f"winnow.yaml:10: targets[0] (oncall): unknown kind 'slak'; known: {KNOWN} (did you mean slack?)",
        "winnow.yaml:11: targets[1] (team).url: is missing",
        "winnow.yaml:12: targets[2] (team).routing_key: the environment has no variable PD",
        "winnow.yaml:12: targets[2] (team): the name is taken by targets[1]",
        f"winnow.yaml:12: targets[2] (team).url: {NO_ADDRESS}",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: b", "a: unknown key; known: classify, dedup, filter,"),
        ("<<: {a: b}", "…: unknown key"),
        ("- a", "the file: expected a mapping (lines of `key: value`), got a list"),
        ("dedup: 4h", "dedup: expected a mapping (lines of `key: value`), got text"),
        ("routes: {to: [a]}", "routes: expected a list, got a mapping"),
        ("routes: [{to: []}]", "routes[0].to: expected 1 or more entries"),
        ("routes: [{go_on: true, to: []}]", "routes[0].go_on: unknown key"),
        ("classify: {rules: builtn}", "classify.rules: expected 'builtin', got 'builtn'; did you mean"),
        ("classify: {rules: [buildin]}", "classify.rules[0]: expected 'builtin', got 'buildin'; did you mean"),
        ("classify: {rules: [{name: x, match: 'a=b'}]}", "classify.rules[0] (x).severity: is missing"),
        (
            "classify: {rules: [{name: builtin, match: 'a=b', severity: info}]}",
            "classify.rules[0] (builtin): expected another name: `builtin`",
        ),
        (
            "classify: {llm: {base_url: http://h/v1/chat/completions, model: m}}",
            "classify.llm: expected a base_url without /chat",
        ),
        ("classify: {rules: [{nam: x}]}", "classify.rules[0].nam: unknown key; did you mean 'name'?"),
        ("dedup: {window: 0s}", "dedup.window: expected a length of time of more than 0s, got '0s'"),
        ("dedup: {window: 367d}", "dedup.window: expected a length of time of at most 366d, got '367d'"),
        (
            "gateway: {produce_timeout: 2h}",
            "gateway.produce_timeout: expected a length of time of at most 1h",
        ),
        ("gateway: {max_body: 1B}", "gateway.max_body: expected at least 1024, got '1B'"),
        ("gateway: {listen: 80}", "gateway.listen: expected HOST:PORT"),
        ("kafka: {partitions: many}", "kafka.partitions: expected a whole number, got 'many'"),
        ("kafka: {partitions: 4097}", "kafka.partitions: expected at most 4096, got '4097'"),
        ("targets: [{name: a}]", "targets[0] (a): kind is missing; known: pagerduty, slack, webhook"),
        ("targets: [a]", "targets[0]: expected a mapping"),
        ("targets: a", "targets: expected a list, got text"),
        ("targets: [{name: a, kind: x, timeout: 5}]", "targets[0] (a).timeout: expected a length"),
        ("filter: [{name: a b}]", "filter[0] (a b).name: expected text that matches ^[A-Za-z0-9]"),
        ("filter: [{name: a}, {name: a}]", "filter[1] (a): the name is taken by filter[0]"),
        ("filter: [{name: a, confidence_below: nan}]", "filter[0] (a).confidence_below: expected a number"),
        ("filter: [{name: a, confidence_below: 2}]", "filter[0] (a).confidence_below: expected at most 1"),
        ("filter: [{name: a, severity: [[b]]}]", "filter[0] (a).severity[0]: expected 'critical', 'warning'"),
    ],
)
def test_fault_is_told_with_its_place(text: str, fault: str) -> None:
    assert any(line.startswith(f"winnow.yaml:1: {fault}") for line in faults(text)), faults(text)


def test_time_of_day_needs_no_quotes() -> None:
    text = "filter: [{name: night, hours: {start: 22:00, end: 06:00, zone: Europe/Berlin, days: [mon]}}]"
    hours = read(text).filter[0].hours
    assert hours is not None
    assert (hours.start, hours.end) == ("22:00", "06:00")


@pytest.mark.parametrize(
    ("hours", "fault"),
    [
        ("{start: 22:00, end: 6:00, zone: Europe/Berlinn}", "hours.zone: expected a time zone such as UTC"),
        ("{start: 22:00, end: 6:00}", "hours.end: expected text that matches"),
        ("{start: 22:00, end: 22:00}", "hours: expected an end that differs from the start"),
    ],
)
def test_fault_in_hours_is_told(hours: str, fault: str) -> None:
    told = faults(f"filter: [{{name: night, hours: {hours}}}]")
    assert any(line.startswith(f"winnow.yaml:1: filter[0] (night).{fault}") for line in told), told


def test_disabled_target_may_be_named_beside_an_enabled_one() -> None:
    text = hook("enabled: false") + "  - {name: b, kind: slack, url: http://h}\n"
    assert read(text + "routes: [{to: [team, b]}]\n").targets[0].enabled is False


def test_route_to_nobody_but_disabled_targets_is_refused_unless_it_continues() -> None:
    text = hook("enabled: false")
    assert "every target of this route is disabled" in faults(text + "routes: [{to: [team]}]\n")[0]
    assert read(text + "routes: [{to: [team], continue: true}]\n").routes[0].go_on


def test_target_named_twice_in_one_route_is_refused() -> None:
    assert faults(hook("") + "routes: [{to: [team, team]}]\n") == [
        "winnow.yaml:6: routes[0].to[1]: 'team' stands here twice"
    ]


def test_rule_names_of_a_target_are_its_own() -> None:
    text = "filter: [{name: a}]\n" + hook("filter: [{name: a}]")
    assert read(text).targets[0].filter[0].name == "a"


def test_variable_may_stand_for_a_number() -> None:
    assert read("kafka: {partitions: ${N}}", N="7").kafka.partitions == 7


def test_value_out_of_the_environment_is_told_by_its_name() -> None:
    told = faults("dedup: {window: ${W}}", W=CANARY)
    assert told == ["winnow.yaml:1: dedup.window: expected a length of time such as 90s, 5m or 1h30m, got '${W}'"]


def test_variable_overrides_the_file() -> None:
    assert read("gateway: {listen: a:1}", WINNOW_LISTEN="b:2").gateway.listen == "b:2"
    assert read("", WINNOW_LISTEN="b:2").gateway.listen == "b:2"
    assert read("gateway: {listen: a:1}", WINNOW_LISTEN="").gateway.listen == "a:1"


def test_fault_of_an_overriding_variable_names_the_variable() -> None:
    told = faults("a: b\ngateway: {listen: a:1}", WINNOW_LISTEN="8080")
    assert told[0].startswith("WINNOW_LISTEN: gateway.listen: expected HOST:PORT")
    assert told[0].endswith("got '8080'")
    assert told[1].startswith("winnow.yaml:1: a: ")


def test_section_of_the_wrong_shape_is_told_under_an_override_too() -> None:
    assert faults("gateway: [x]", WINNOW_LISTEN="a:1") == [
        "winnow.yaml:1: gateway: expected a mapping (lines of `key: value`), got a list"
    ]


def test_alias_within_bounds_is_followed() -> None:
    config = read("filter:\n  - {name: a, hours: &night {start: 22:00, end: 06:00}}\n  - {name: b, hours: *night}\n")
    assert config.filter[0].hours == config.filter[1].hours


def test_conditions_of_rules_are_read() -> None:
    text = "filter: [{name: a, severity: [noise], status: resolved, ended_before: 24h, critical: yes}]"
    rule = read(text).filter[0]
    assert (rule.severity, rule.status) == ([Severity.NOISE], Status.RESOLVED)
    assert rule.critical
