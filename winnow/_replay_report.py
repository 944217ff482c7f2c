"""What a replay says: for people and for machines."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.config_told import otherwise
from alerts.instant import rfc3339
from connectors.terminal import printable
from flows.differences import Kind
from winnow import _otherwise
from winnow._alert_file import EVERYTHING
from winnow._compared import Comparison
from winnow._output import screen_chars, write_json, write_json_with, write_lines, write_table
from winnow._questions import lines, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.config import Config
    from alerts.config_told import Otherwise
    from flows.differences import Difference, Said
    from winnow._compared import Tally
    from winnow._questions import Questions
    from winnow._recorded import Span

Plain = dict[str, Any]

# Names, rules and targets of usual length fit; nothing in a cell is ever cut away.
_TABLE_LEAST_CHARS = 180
HEAD = ("accepted", "alert", "fingerprint", "status", "what", "before", "now")
Sides = tuple[str, str]
SIDES: Sides = ("before", "now")


class Report(NamedTuple):
    """All of it."""

    span: Span
    after: Plain
    """Totals of what is decided now (`flows/totals.py`)."""
    before: Plain | None = None
    """Of what was decided then; None: nothing was compared, and what follows is empty."""
    asked: Questions | None = None
    """What the model was asked; None: nothing."""
    differences: tuple[Difference, ...] = ()
    """In the order accepted."""
    not_recorded: int = 0
    not_kept: int = 0
    told: tuple[Otherwise, ...] = ()
    """What decisions do not hold, and the two configurations have otherwise."""

    @property
    def differs(self) -> bool:
        """Whether anything in the range is decided otherwise, or told otherwise or elsewhere."""
        return bool(self.differences) or any(one.is_used for one in self.told)

    @property
    def not_compared(self) -> int:
        """How many there was nothing to compare with."""
        return self.not_recorded + self.not_kept

    @property
    def is_blind(self) -> bool:
        """Whether all are such."""
        return not self.after["events"] and self.not_compared > 0

    @property
    def kinds(self) -> dict[Kind, int]:
        """How many events differ in each way."""
        counts = Counter(kind for one in self.differences for kind in one.kinds)
        return {kind: counts[kind] for kind in Kind if counts[kind]}


def of(span: Span, counting: Tally | Comparison, asked: Questions | None = None) -> Report:
    """The report of what was counted."""
    if not isinstance(counting, Comparison):
        return Report(span, counting.totals.plain(), asked=asked)
    found = sorted(counting.found, key=lambda one: (one.accepted_ms, one.id))
    after, before = counting.after().plain(), counting.before().plain()
    return Report(span, after, before, asked, tuple(found), counting.not_recorded, counting.not_kept)


def held_against(report: Report, live: Config, candidate: Config) -> Report:
    """The same with what these two tell otherwise, if anything was compared."""
    if report.before is None:
        return report
    sent_to = {*report.before["notifications"], *report.after["notifications"]}
    return report._replace(told=tuple(otherwise(live, candidate, sent_to)))


def write_plain(report: Report) -> None:
    """For machines."""
    told: Plain = {**_range(report.span), "totals": report.after}
    if report.asked is not None:
        told["model"] = plain(report.asked)
    if report.before is None:
        write_json(told)
        return
    compared = {
        "totals_before": report.before,
        "compared": report.after["events"],
        "not_recorded": report.not_recorded,
        "not_kept": report.not_kept,
        "different": len(report.differences),
        "kinds": {kind.value: count for kind, count in report.kinds.items()},
        "told_otherwise": _otherwise.plain(report.told),
    }
    write_json_with({**told, **compared}, "differences", map(difference, report.differences))


def _range(span: Span) -> Plain:
    if span == EVERYTHING:
        return {"since": None, "until": None, "warm_up_s": None}
    warm_s = (span.since_ms - span.warm_ms) / 1000
    return {"since": rfc3339(span.since_ms), "until": rfc3339(span.until_ms), "warm_up_s": warm_s}


def difference(one: Difference) -> Plain:
    return {
        "id": one.id,
        "fingerprint": one.fingerprint,
        "name": one.name,
        "status": one.status,
        "accepted_at": rfc3339(one.accepted_ms),
        "kinds": [kind.value for kind in one.kinds],
        "before": _said(one.before),
        "after": _said(one.after),
        "moved": [
            {"target": move.target, "kind": move.kind.value, "to": move.id, "at": rfc3339(move.accepted_ms)}
            for move in one.moves
        ],
    }


def _said(said: Said) -> Plain:
    return {"targets": list(said.targets), "severity": said.severity, **said.reason._asdict()}


def write(report: Report, limit: int) -> None:
    """For people: totals, then at most so many differences."""
    write_lines(summary(report))
    write_list(report, limit)


def write_list(report: Report, limit: int, sides: Sides = SIDES) -> None:
    """At most so many differences."""
    listed = for_people(report)[:limit]
    if listed:
        write_lines([""])
        if _is_narrow():
            write_lines(line for one in listed for line in block(one, sides))
        else:
            write_table((*HEAD[: -len(sides)], *sides), (cells(one) for one in listed))
    if len(listed) < len(report.differences):
        left = len(report.differences) - len(listed)
        write_lines([f"and {left:,} more: --limit {len(report.differences)} lists them, -o json and -o html hold all"])


def for_people(report: Report) -> list[Difference]:
    """What differs in no more than a detail comes last: another `dedup.window` gives every notification another id."""
    return sorted(report.differences, key=lambda one: one.kinds == (Kind.OTHER_DETAIL,))


def summary(report: Report) -> Iterator[str]:
    """Totals, line by line."""
    told = _range(report.span)
    if told["since"] is None:
        yield "all alerts of the file"
    else:
        warm = timedelta(seconds=told["warm_up_s"])
        yield f"accepted {told['since']} to {told['until']}, warmed up for {warm} before"
    if report.before is None:
        yield from (_line(name, f"{count:>12,}") for name, count in counts(report.after))
        yield from _asked(report, "")
        return
    yield from compared(report, report.before)


def compared(report: Report, totals: Plain, sides: Sides = SIDES) -> Iterator[str]:
    """The `totals` of what was decided then beside those of now, and how many events differ."""
    yield _line("", f"{sides[0]:>12} {sides[1]:>12}")
    before, after = dict(counts(totals)), dict(counts(report.after))
    for name in sorted({*after, *before}, key=_order):
        yield _line(name, f"{before.get(name, 0):>12,} {after.get(name, 0):>12,}")
    yield ""
    yield _line("decided otherwise", f"{'':>12} {len(report.differences):>12,}")
    yield from (_line(f"  {kind.value}", f"{'':>12} {count:>12,}") for kind, count in report.kinds.items())
    for what, count in apart(report):
        yield _line(f"not compared: {what}", f"{'':>12} {count:>12,}")
    yield from _otherwise.lines(report.told)
    yield from _asked(report, " " * 13)


def _asked(report: Report, indent: str) -> Iterator[str]:
    if report.asked is not None:
        yield ""
        yield from (_line(name, f"{indent}{count:>12,}") for name, count in lines(report.asked))


def apart(report: Report) -> Iterable[tuple[str, int]]:
    """What could not be compared, and how many of it, if any."""
    found = (("no decision is recorded", report.not_recorded), ("its webhook is not kept", report.not_kept))
    return [(what, count) for what, count in found if count]


def counts(totals: Plain) -> Iterator[tuple[str, int]]:
    """Names and numbers of the totals."""
    yield "alert events", totals["events"]
    yield from ((f"  sent to {name}", count) for name, count in totals["notifications"].items())
    for step, rules in totals["suppressed"].items():
        yield from ((f"  ended at {step}: {rule}", count) for rule, count in rules.items())
    yield from ((f"  severity {name}", count) for name, count in totals["severities"].items())


def _order(name: str) -> tuple[int, str]:
    """As `counts` has them."""
    kinds = ("alert events", "  sent to", "  ended at", "  severity")
    return next(place for place, kind in enumerate(kinds) if name.startswith(kind)), name


def _line(name: str, numbers: str) -> str:
    return f"{printable(name):<48} {numbers}".rstrip()


def _is_narrow() -> bool:
    """Whether it is a screen on which the table has no room."""
    room = screen_chars()
    return room is not None and room < _TABLE_LEAST_CHARS


def block(one: Difference, sides: Sides = SIDES) -> Iterator[str]:
    """One difference in four lines, nothing of it cut away."""
    accepted, name, fingerprint, status, kinds, before, now = cells(one)
    yield f"{accepted}  {fingerprint}  {status}  {name}"
    yield f"  {kinds}"
    width = max(map(len, sides)) + 1
    for side, what in zip(sides, (before, now), strict=True):
        yield f"    {side + ':':<{width}} {what}"


def cells(one: Difference) -> tuple[str, ...]:
    """One difference, as `HEAD` has it."""
    moved = [f"{move.target} {move.kind.value}, at {rfc3339(move.accepted_ms)}" for move in one.moves]
    kinds = ", ".join(kind.value for kind in one.kinds)
    now = "; ".join([told(one.after), *moved])
    return rfc3339(one.accepted_ms), one.name[:60], one.fingerprint, one.status, kinds, told(one.before), now


def told(said: Said) -> str:
    """What was decided, and by which rule."""
    step, outcome, rule = said.reason
    to = f"to {', '.join(said.targets)}" if said.targets else f"{outcome} at {step}"
    severity = "" if said.severity is None else f", {said.severity}"
    return f"{to} ({rule}){severity}"
