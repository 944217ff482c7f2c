"""`python -m benchmarks.compare ONE.json TWO.json`: what became faster or slower, and how sure that is.

By ranks of the rounds (`benchmarks/ranks.py`). Where a limit was measured in turns with its figure, it goes by the
rounds over the limit's: what made the whole machine slower made the limit slower too. What touched the two unlike
between the runs is taken for a difference, however sure: before a small one is believed, measure both once more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import machine, ranks
from benchmarks.figure import is_better_above, shown
from benchmarks.result import UnreadableError, read

if TYPE_CHECKING:
    from benchmarks.figure import Figure
    from benchmarks.result import Result

CHANCE_MAX = 0.05
"""A difference counts as seen if it would come by chance once in twenty times at most."""
_FACTS = ("python", "cpu", "cores", "kernel")
_TIMES = ("us", "ms", "s")


class Change(NamedTuple):
    """What became of one figure."""

    verdict: str
    slower_by: float | None = None
    """By what share, if that was seen and can be said."""


def change(one: Figure, two: Figure) -> Change:
    """From the first to the second."""
    before, after, beside = _samples(one, two)
    if one.value == two.value:
        return Change("the same")
    if ranks.least_chance(len(before), len(after)) > CHANCE_MAX:
        return Change("too few rounds to tell")
    test = ranks.compare(before, after)
    if test.chance > CHANCE_MAX:
        return Change("no difference seen" + beside)
    is_better = test.is_above is is_better_above(one.unit)
    is_speed = one.unit.endswith("/s") or one.unit.partition("/")[0] in _TIMES
    word = {True: ("slower", "faster"), False: ("worse", "better")}[is_speed][is_better]
    share = median(after) / median(before) - 1 if median(before) > 0 else None
    by = "" if share is None else f" by {100 * abs(share):.1f} %"
    slower_by = None if is_better or share is None else abs(share)
    return Change(f"{word}{by}{beside} ({_sure(test.chance)})", slower_by)


def _samples(one: Figure, two: Figure) -> tuple[tuple[float, ...], tuple[float, ...], str]:
    """What is compared of two figures, and what that is if it is not the rounds as they are."""
    if all(figure.limit_rounds and len(figure.limit_rounds) == len(figure.rounds) for figure in (one, two)):
        before, after = (
            tuple(ours / limit for ours, limit in zip(figure.rounds, figure.limit_rounds, strict=True))
            for figure in (one, two)
        )
        return before, after, " beside its limit"
    return one.rounds, two.rounds, ""


def _sure(chance: float) -> str:
    return next(text for most, text in ((0.001, "99.9 %"), (0.01, "99 %"), (1, "95 %")) if chance <= most)


def table(one: Result, two: Result) -> Table:
    """The figures that both have."""
    sheet = Table(title="winnow bench, compared")
    right = {"A", "B", "change", "limit's change"}
    for column in ("what", "unit", "A", "B", "change", "limit's change", "verdict"):
        sheet.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for before, after in _pairs(one, two):
        row = [before.what, before.unit, shown(before.value), shown(after.value)]
        row += [_percent(before.value, after.value), _percent(before.limit_value, after.limit_value)]
        sheet.add_row(*row, change(before, after).verdict)
    return sheet


def _pairs(one: Result, two: Result) -> list[tuple[Figure, Figure]]:
    afters = {figure.what: figure for figure in two.figures()}
    return [(figure, afters[figure.what]) for figure in one.figures() if figure.what in afters]


def _percent(before: float | None, after: float | None) -> str:
    return f"{100 * (after / before - 1):+.1f} %" if before and after is not None else ""


def remarks(one: Result, two: Result) -> list[str]:
    """What else is to be known when one reads the table."""
    told = [
        f"{fact} differs: {one.machine.get(fact)} and {two.machine.get(fact)}"
        for fact in _FACTS
        if one.machine.get(fact) != two.machine.get(fact)
    ]
    names = [{figure.what for figure in result.figures()} for result in (one, two)]
    told += [f"only in A: {what}" for what in sorted(names[0] - names[1])]
    told += [f"only in B: {what}" for what in sorted(names[1] - names[0])]
    by_chance = CHANCE_MAX * len(names[0] & names[1])
    return [*told, f"of as many figures, about {by_chance:.0f} differ so at 95 % by chance alone"]


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    options.add_argument("a", type=Path, metavar="A", help="A file of `make bench OUT=FILE`.")
    options.add_argument("b", type=Path, metavar="B", help="One that was measured later.")
    options.add_argument(
        "--fail-on-slower", type=float, metavar="PCT", help="Exit with 1 if a figure is seen to be slower by more."
    )
    return options.parse_args()


def main() -> int:
    """Print the table; 1 if something is slower than may be, 2 if there is nothing to compare."""
    asked = _asked()
    try:
        one, two = read(asked.a), read(asked.b)
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return 2
    if not _pairs(one, two):
        print(f"{asked.a} and {asked.b} have no figure in common: measure the same parts (ONLY=...)", file=sys.stderr)
        return 2
    console = Console(width=max(Console().width, 160), highlight=False)
    console.print(table(one, two))
    for name, result in (("A", one), ("B", two)):
        console.print(f"{name}: {machine.line(result.machine)}")
    for remark in remarks(one, two):
        console.print(remark)
    if asked.fail_on_slower is None:
        return 0
    slower = [
        before.what
        for before, after in _pairs(one, two)
        if 100 * (change(before, after).slower_by or 0) > asked.fail_on_slower
    ]
    for what in slower:
        print(f"slower by more than {asked.fail_on_slower:g} %: {what}", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
