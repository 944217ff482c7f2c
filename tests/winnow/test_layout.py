"""Tables where there is room, blocks where there is not; nothing is ever cut away."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from winnow._layout import blocks, has_room, table

HEAD = ("place", "id", "alert", "error")
ROWS = [
    ("0/12", "d" * 32, "ApiDown", "connection refused"),
    ("11/400000", "e" * 32, "名前" * 5, "no answer within 15 s, and then the same once more"),
]
WHOLE = sum(max(cell_len(cell) for cell in column) + 2 for column in zip(HEAD, *ROWS, strict=True)) - 2


def test_columns_begin_below_each_other_and_no_line_ends_in_blanks() -> None:
    lines = list(table(HEAD, ROWS, None))
    assert [cell_len(line[: line.index(row[1])]) for line, row in zip(lines[1:], ROWS, strict=True)] == [11, 11]
    assert [cell_len(line[: line.index(row[3])]) for line, row in zip(lines[1:], ROWS, strict=True)] == [67, 67]
    assert lines == [line.rstrip() for line in lines]


def test_table_fits_until_the_last_column_is_a_tower() -> None:
    assert has_room(HEAD, ROWS, 67 + 24)
    assert not has_room(HEAD, ROWS, 67 + 23)
    assert has_room(HEAD[:3], [row[:3] for row in ROWS], 65)
    assert not has_room(HEAD[:3], [row[:3] for row in ROWS], 64)


def test_last_column_goes_on_below_itself() -> None:
    lines = list(table(HEAD, ROWS, 91))
    assert max(map(cell_len, lines)) <= 91
    assert "".join(line[67:] if line.isascii() else line[57:] for line in lines[2:]).split() == ROWS[1][3].split()


@pytest.mark.parametrize("room", [20, 60, 80])
def test_block_holds_every_value_in_one_piece(room: int) -> None:
    lines = list(blocks(HEAD, ROWS, room))
    for row in ROWS:
        for name, cell in zip(HEAD, row, strict=True):
            assert any(f"{name} {cell}" in line for line in lines)
    assert lines[0].startswith("place 0/12")


def test_block_has_as_many_values_on_a_line_as_fit() -> None:
    lines = list(blocks(HEAD, ROWS[:1], 60))
    assert lines == [f"place 0/12  id {'d' * 32}", "  alert ApiDown", "  error connection refused"]


def test_table_of_no_rows_is_its_head() -> None:
    assert list(table(HEAD, [], 80)) == ["place  id  alert  error"]
