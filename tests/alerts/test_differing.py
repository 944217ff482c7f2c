"""Which labels tell alerts apart."""

from __future__ import annotations

from alerts.differing import differing

THREE = [
    {"alertname": "ApiDown", "instance": "a", "zone": "1"},
    {"alertname": "ApiDown", "instance": "b", "zone": "1", "canary": ""},
    {"alertname": "ApiDown", "instance": "c", "zone": "2"},
]


def test_labels_that_tell_the_most_apart_come_first_and_what_all_have_not_at_all() -> None:
    assert differing(THREE, 5) == ["instance", "zone"]


def test_no_more_are_named_than_were_asked_for() -> None:
    assert differing(THREE, 1) == ["instance"]


def test_label_that_only_some_have_tells_them_apart() -> None:
    assert differing([{"a": "1"}, {}], 5) == ["a"]


def test_alerts_with_the_same_labels_differ_in_none() -> None:
    assert differing(THREE[:1] * 2, 5) == differing([], 5) == []
