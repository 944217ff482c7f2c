"""What a run found, as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from benchmarks.figure import Figure
from benchmarks.result import Result, UnreadableError, encode, read

if TYPE_CHECKING:
    from pathlib import Path

RESULT = Result(
    {"python": "CPython 3.11.9", "cores": 2},
    {
        "flow": [
            Figure("rate", 1e5, "alerts/s", "loop", 0.3, "ratio >= 0.2", "note", 9.5, (1.0, 2.0), 3e5, (3.0, 4.0)),
            Figure("bare", 2.0, "ms"),
        ],
        "path": [],
    },
)


def test_result_that_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(encode(RESULT))
    assert read(file) == RESULT


def test_figure_holds_only_what_it_says() -> None:
    assert orjson.loads(encode(RESULT))["parts"]["flow"][1] == {"what": "bare", "value": 2.0, "unit": "ms"}


def test_figures_are_those_of_all_parts() -> None:
    assert [figure.what for figure in RESULT.figures()] == ["rate", "bare"]


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"v":2}', b'{"v":1,"machine":{},"parts":{"a":[{}]}}', b'{"v":1,"machine":{},"parts":[]}'],
)
def test_file_that_holds_something_else_is_refused_by_name(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "other.json"
    file.write_bytes(text)
    with pytest.raises(UnreadableError, match=r"other\.json"):
        read(file)


def test_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"none\.json: No such file"):
        read(tmp_path / "none.json")
