"""What the processes of a run have covered: each leaves a file of its own, all are combined at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage import CoverageData
from coverage.exceptions import CoverageException

if TYPE_CHECKING:
    from pathlib import Path


def drop_unreadable(folder: Path) -> None:
    """Remove the file of who was killed while it wrote: to combine it would end the run with an error of its own.

    What can be read to its end is only known by doing so: coverage.py looks at the first page, and then relies on it.
    """
    for file in folder.glob(".coverage.*"):
        try:
            CoverageData(no_disk=True).update(CoverageData(str(file), read_only=True))
        except CoverageException:
            file.unlink()
