"""Tags as systems write them."""

from __future__ import annotations

import pytest

from alerts.tags import pairs


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        ({"a": "1", "b": 2, "c": True}, {"a": "1", "b": "2", "c": "true"}),
        ("env:prod, team=shop,urgent", {"env": "prod", "team": "shop", "urgent": "true"}),
        ("url:http://x", {"url": "http://x"}),
        (["env:prod", "urgent"], {"env": "prod", "urgent": "true"}),
        ([["env", "prod"], ["team", 1.5]], {"env": "prod", "team": "1.5"}),
        ([{"tag": "scope", "value": "x"}, {"name": "n", "value": "y"}, {"Key": "k", "Value": "z"}], None),
        (["a:1", "a:2"], {"a": "2"}),
        (None, {}),
        (7, {}),
        ([None, 3, ["one"], {}, {"name": 3, "value": "x"}, ":x", "a:"], {}),
        ({"nested": {"a": 1}, "": "x", " ": "y", "none": None}, {}),
    ],
)
def test_tags_become_labels(value: object, labels: dict[str, str] | None) -> None:
    assert pairs(value) == ({"scope": "x", "n": "y", "k": "z"} if labels is None else labels)
