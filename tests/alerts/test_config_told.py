"""What two configurations tell otherwise, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.config_file import Surroundings, parse
from alerts.config_told import Otherwise, otherwise
from connectors.targets import kinds

if TYPE_CHECKING:
    from alerts.config import Config

BEFORE = """
classify: {rules: [{name: disk, match: 'alertname="Disk"', severity: warning, recommendations: [call Anna]}, builtin]}
targets:
  - {name: oncall, kind: pagerduty, routing_key: 0123456789abcdef0123456789abcdef, fallback: hook}
  - {name: hook, kind: webhook, url: "https://example.org/x"}
  - {name: chat, kind: webhook, url: "https://example.org/z"}
"""


def config(text: str) -> Config:
    return parse(text, "winnow.yaml", Surroundings(kinds={name: kind.Config for name, kind in kinds().items()}))


def found(old: str, new: str, *sent_to: str) -> list[Otherwise]:
    assert old in BEFORE
    return otherwise(config(BEFORE), config(BEFORE.replace(old, new)), sent_to)


PAGER = "kind: pagerduty, routing_key: 0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("oncall", "oncall", []),
        ("0123456789abcdef0123456789abcdef", "f" * 32, [("target", "oncall", ("routing_key",))]),
        (PAGER, "kind: webhook, url: 'https://example.org/y'", [("target", "oncall", ("kind", "url"))]),
        ("https://example.org/x", "https://example.org/y", [("target", "hook", ("url",))]),
        (", fallback: hook", ", rate: 2", [("target", "oncall", ("rate", "fallback"))]),
        ("call Anna", "do nothing", [("rule", "disk", ("recommendations",))]),
        ("targets:", "publish: {deadline: {critical: 1s}}\ntargets:", [("publish", "", ("deadline",))]),
    ],
)
def test_fields_that_no_decision_holds_are_named(old: str, new: str, expected: list[tuple[object, ...]]) -> None:
    assert [one[:3] for one in found(old, new, "oncall")] == expected
    assert all(one.is_used for one in found(old, new, "oncall"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: warning", "severity: critical"),
        ("name: disk", "name: other"),
        ("name: chat, kind", "name: chat, enabled: false, kind"),
        ("name: chat, kind", "name: chat, filter: [{name: quiet}], kind"),
        ("name: chat, kind", "name: other, kind"),
    ],
)
def test_what_decisions_hold_is_not_told_twice(old: str, new: str) -> None:
    assert found(old, new, "oncall") == []


def test_only_what_something_was_sent_to_counts_and_whoever_stands_in_for_it() -> None:
    change = ("https://example.org/x", "https://example.org/y")
    assert [one.is_used for one in found(*change)] == [False]
    assert [one.is_used for one in found(*change, "oncall")] == [True]
    assert [one.is_used for one in found("routing_key: 0", "routing_key: f", "hook")] == [False]
    assert [one.is_used for one in found("call Anna", "do nothing")] == [False]
