"""docs/security.md claims nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "security.md").read_text()
ROWS = dict(re.findall(r"^\| (API\d+) .*?\|.*\| (.*) \|$", TEXT, re.MULTILINE))
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


def test_every_item_of_the_top_ten_has_a_row() -> None:
    assert list(ROWS) == [f"API{number}" for number in range(1, 11)]


@pytest.mark.parametrize("item", ROWS)
def test_every_item_names_a_test_that_shows_it(item: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", ROWS[item])


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_test_that_is_named_is_there(file: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_refused_addresses_in_the_document_are_those_of_the_tables() -> None:
    tables = (ROOT / "connectors" / "egress_table.py").read_text()
    told = re.findall(r"(?<![\w.:])(?:[\da-f]+[.:])[\da-f.:]*/\d+", TEXT)
    assert len(told) > 25
    assert [network for network in told if network not in tables] == []
