"""`python -m benchmarks.page RESULT.json ...`: results as Markdown, with the command that measures each again.

What `docs/performance.md` is made of.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figure import shown
from benchmarks.machine import line
from benchmarks.parts import PARTS
from benchmarks.result import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figure import Figure
    from benchmarks.result import Result

_COLUMNS = ("what", "figure", "CPU µs", "beside", "ratio", "aim", "spread")


def page(result: Result) -> Iterator[str]:
    """Its lines: of each part a heading, the command and the table."""
    for part, figures in result.parts.items():
        if not figures:  # it could not be measured
            continue
        yield from (f"## {part}", "", f"`{_command(part, result)}`, {line(result.machine)}", "")
        yield from _table(figures)
        yield ""


def _command(part: str, result: Result) -> str:
    if part in PARTS:
        return f"make bench ONLY={part}"
    scale = (f" {name}={result.machine[name]}" for name in ("SCALE", "RATE_SCALE") if name in result.machine)
    return f"make load SCENARIO={part.removeprefix('load-')}{''.join(scale)}"


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    yield _row(_COLUMNS)
    yield _row("---" for _ in _COLUMNS)
    for figure in figures:
        spread = figure.spread
        yield _row((
            figure.what,
            f"{shown(figure.value)} {figure.unit}",
            "" if figure.cpu_us is None else shown(figure.cpu_us),
            figure.limit,
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            f"{figure.aim} **(missed)**" if figure.is_missed else figure.aim,
            "" if spread is None else f"{100 * spread:.0f} % of {len(figure.rounds)}",
        ))  # fmt: skip


def _row(cells: Iterator[str] | Sequence[str]) -> str:
    # In a page of this project `alerts/s` would be a file that is not there.
    told = (cell.replace("|", "/").replace("alerts/s", "alerts a second") for cell in cells)
    return f"| {' | '.join(told)} |"


def main() -> int:
    """Print the page; 2 if a result cannot be read."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    options.add_argument("results", nargs="+", type=Path, help="Of `make bench OUT=FILE` or `make load OUT=FILE`.")
    asked = options.parse_args()
    for file in asked.results:
        try:
            print("\n".join(page(read(file))))
        except UnreadableError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
