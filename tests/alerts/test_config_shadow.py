from __future__ import annotations

import pytest

from alerts.config_file import Surroundings, parse, version
from alerts.config_shadow import Shadow
from alerts.errors import ConfigError


def read(text: str) -> Shadow | None:
    return parse(text, "winnow.yaml", Surroundings({})).shadow


def fault(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def test_file_alone_is_the_candidate_with_the_default_limits() -> None:
    assert read("shadow: candidate.yaml") == Shadow(config="candidate.yaml")
    assert read("shadow: candidate.yaml") == read("shadow: {config: candidate.yaml, max_fewer_critical: 0}")


def test_without_it_there_is_no_candidate() -> None:
    assert read("shadow:") is None
    assert read("{}") is None


def test_limit_that_is_not_given_is_none_but_for_critical_ones_what_is_told_otherwise_and_faults() -> None:
    found = read("shadow: {config: c.yaml}")
    assert found is not None
    limits = {name: value for name, value in found if name.startswith("max_")}
    assert {name for name, value in limits.items() if value is None} == limits.keys() - {
        "max_fewer_critical",
        "max_told_otherwise",
        "max_faults",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shadow: {max_more: 1}", "shadow.config: is missing"),
        ("shadow: {config: c.yaml, max_fewer: -1}", "shadow.max_fewer: expected at least 0, got '-1'"),
        ("shadow: {config: c.yaml, max_mor: 1}", "shadow.max_mor: unknown key; did you mean 'max_more'"),
        ("shadow: [c.yaml]", "shadow: expected a mapping"),
        ("shadow: {config: c.yaml, min_events: 0}", "shadow.min_events: expected at least 1"),
    ],
)
def test_fault_is_named_with_what_was_expected(text: str, told: str) -> None:
    assert told in fault(text)


def test_what_is_tried_out_is_no_other_configuration() -> None:
    texts = ("{}", "shadow: a.yaml", "shadow: {config: b.yaml, max_more: 1}")
    assert len({version(parse(text, "winnow.yaml", Surroundings({}))) for text in texts}) == 1
