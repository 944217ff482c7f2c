"""A process that is killed while it writes what it covered does not end a run of the tests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import coverage
import pytest
from coverage import CoverageData
from coverage.exceptions import CoverageException

from tests.support.covered import drop_unreadable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE_BYTES = 4096


def written(file: Path) -> bytes:
    """Of many pages."""
    data = CoverageData(str(file))
    data.add_arcs({f"/x/alerts/f{number}.py": [(line, line + 1) for line in range(60)] for number in range(60)})
    data.write()
    data.close()
    return file.read_bytes()


def combine(folder: Path) -> set[str]:
    combined = coverage.Coverage(data_file=folder / ".coverage", config_file=False, branch=True)
    combined.combine([str(folder)])
    try:
        return set(combined.get_data().measured_files())
    finally:
        combined.get_data().close()


def without_a_page(file: Path) -> None:
    middle = len(whole := written(file)) // PAGE_BYTES // 2 * PAGE_BYTES
    file.write_bytes(whole[:middle] + bytes(PAGE_BYTES) + whole[middle + PAGE_BYTES :])


def without_a_table(file: Path) -> None:
    written(file)
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE arc")


@pytest.mark.parametrize("half", [without_a_page, without_a_table])
def test_file_that_is_half_written_is_dropped_and_the_others_are_combined(
    tmp_path: Path, half: Callable[[Path], None]
) -> None:
    written(tmp_path / ".coverage.vm.pid1.whole")
    half(tmp_path / ".coverage.vm.pid2.half")
    with pytest.raises(CoverageException):
        combine(tmp_path)
    written(tmp_path / ".coverage.vm.pid1.whole")
    drop_unreadable(tmp_path)
    assert [file.name for file in tmp_path.glob(".coverage.*")] == [".coverage.vm.pid1.whole"]
    assert len(combine(tmp_path)) == 60
