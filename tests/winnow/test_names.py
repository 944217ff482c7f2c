"""What may be meant by a name that no alert has."""

from __future__ import annotations

import pytest

from winnow._names import like

KNOWN = {"ApiDown", "DiskFull", "PostgresDown"}


@pytest.mark.parametrize(
    ("asked", "meant"), [("Apidown", "ApiDown"), ("DISKFULL", "DiskFull"), ("PostgreDown", "PostgresDown"), ("x", None)]
)
def test_name_in_another_case_or_with_a_slip_is_recognised(asked: str, meant: str | None) -> None:
    assert like(asked, KNOWN) == meant
