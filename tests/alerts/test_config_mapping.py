"""Mappings in winnow.yaml: each fault with its place."""

from __future__ import annotations

import pytest

from alerts.config_file import Surroundings, parse
from alerts.errors import ConfigError
from tests.support.mappings import mapping


def _faults(*lines: str) -> list[str]:
    text = "\n".join(["mappings:", "  - name: own", *(f"    {line}" for line in lines)])
    with pytest.raises(ConfigError) as refused:
        parse(text, "winnow.yaml", Surroundings(kinds={}))
    return str(refused.value).splitlines()


def test_smallest_mapping_needs_a_name_for_its_alerts_only() -> None:
    made = mapping("mappings: [{name: own, alertname: title}]")
    assert (str(made.alerts), str(made.alertname), made.content_types) == ("@", "title", ["application/json"])


def test_version_counts_how_a_mapping_reads() -> None:
    assert str(mapping("mappings: [{name: own, alertname: =A}]").alertname) == "=A"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("alertname: a.", "winnow.yaml:3: mappings[0] (own).alertname: expected a JMESPath expression"),
        ("labels: {host: 'x('}", "winnow.yaml:3: mappings[0] (own).labels.host: expected a JMESPath expression"),
        ("status: {value: 'x('}", "winnow.yaml:3: mappings[0] (own).status.value: expected a JMESPath"),
        ("alerts: [x]", "winnow.yaml:3: mappings[0] (own).alerts: expected an expression, in quotes if"),
        ("annotation: {}", "winnow.yaml:3: mappings[0] (own).annotation: unknown key; did you mean 'annotations'?"),
        ("content_types: [json]", "winnow.yaml:3: mappings[0] (own).content_types[0]: expected text that matches"),
        ("max_body: 1GiB", "winnow.yaml:3: mappings[0] (own).max_body: expected at most 10485760, got '1GiB'"),
    ],
)
def test_fault_is_told_with_its_place(line: str, told: str) -> None:
    assert any(fault.startswith(told) for fault in _faults(line))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("status: {value: s, firing: [A], resolved: [a]}", "expected each word in one list, got a in two"),
        ("severity: {value: s, info: [A], noise: [A]}", "expected each word in one list, got a in two"),
        ("fingerprint: =all", "expected an expression as the fingerprint: a constant would make all alerts one"),
        ("sns: {confirm: true}", "expected `topics` beside `confirm: true`"),
        ("labels: {alertname: x}", "expected no label alertname beside `alertname:`"),
    ],
)
def test_mapping_that_contradicts_itself_is_refused(line: str, told: str) -> None:
    assert any(told in fault for fault in _faults("alertname: x", line))


def test_label_severity_beside_severity_words_is_refused() -> None:
    faults = _faults("alertname: x", "labels: {severity: y}", "severity: {value: z}")
    assert any("expected no label severity" in fault for fault in faults)


@pytest.mark.parametrize("name", ["grafana", "alertmanager", "cloudevents", "prometheus"])
def test_name_of_a_format_that_is_built_in_is_taken(name: str) -> None:
    with pytest.raises(ConfigError, match="is taken by a format that is built in"):
        mapping(f"mappings: [{{name: {name}, alertname: x}}]")


def test_name_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the name is taken by mappings\[0\]"):
        mapping("mappings: [{name: a, alertname: x}, {name: a, alertname: y}]")
