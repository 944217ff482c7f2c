"""The pictures of a result."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks.chart import main, picture
from benchmarks.figure import Figure
from benchmarks.result import Result, encode

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.machine import Facts

FACTS: Facts = {"cpu": "A <fast> & old one", "python": "CPython 3.11", "date": "2026-11-28T05:00:00+00:00"}
SVG = "{http://www.w3.org/2000/svg}"
BESIDE = Figure("path", 40.0, "us", "bare 10 us", 4.0, "ratio <= 3", limit_value=10.0)


def drawn(figure: Figure) -> ET.Element:
    return ET.fromstring(picture("path <one>", [figure], FACTS))


def bars(figure: Figure, kind: str) -> list[float]:
    """Their widths, without the key's, which is ten wide."""
    found = [one for one in drawn(figure).iter(f"{SVG}rect") if one.get("class") == kind]
    return [float(one.get("width", "")) for one in found][1:]


def test_limit_is_drawn_beside_the_figure_on_the_same_scale() -> None:
    assert bars(BESIDE, "limit") == [bars(BESIDE, "ours")[0] / 4]


def test_aim_of_the_ratio_stands_at_so_many_times_the_limit() -> None:
    aim = [one.get("d", "") for one in drawn(BESIDE).iter(f"{SVG}path")][-1]
    assert float(aim.split()[0][1:]) == pytest.approx(20 + 3 * bars(BESIDE, "limit")[0])


def test_aim_beyond_the_figure_is_the_longest() -> None:
    near = Figure("path", 50.0, "ms", aim="<= 100 ms")
    assert bars(near, "ours") == [pytest.approx(bars(BESIDE, "ours")[0] / 2)]


@pytest.mark.parametrize(
    "figure",
    [Figure("zero", 0, "alerts", aim="<= 0 alerts"), Figure("below", -3.0, "ms"), Figure("<&>", 1, "ms", "<&>")],
)
def test_picture_of_any_figure_is_well_formed(figure: Figure) -> None:
    assert drawn(figure).tag == f"{SVG}svg"


def test_picture_names_the_path_and_the_machine() -> None:
    texts = [one.text for one in drawn(BESIDE).iter(f"{SVG}text")]
    assert texts[0] == "path <one>"
    assert "A <fast> & old one" in str(texts[-1])


def test_each_path_of_a_result_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(encode(Result({"cpu": "one"}, {"flow": [BESIDE], "path": []})))
    monkeypatch.setattr(sys, "argv", ["chart", str(file), str(tmp_path / "pictures")])
    assert main() == 0
    assert sorted(one.name for one in (tmp_path / "pictures").iterdir()) == ["flow.svg"]


def test_file_that_is_no_result_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["chart", str(tmp_path / "none.json"), str(tmp_path)])
    assert main() == 2
