"""What `winnow shadow` says: for people and for machines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from alerts.config_file import version
from alerts.instant import rfc3339
from flows.verdict import Measure, Seen, Verdict, measures, verdict
from winnow import _otherwise, _replay_report
from winnow._output import write_json_with, write_lines
from winnow._shadowed import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config
    from alerts.config_shadow import Shadow
    from winnow._replay_report import Report
    from winnow._shadowed import Shadowed

SIDES = ("live", "candidate")


# An alert is a notification to each of its targets.
_COUNTED = {
    **dict.fromkeys(("fewer_critical", "fewer", "more"), "notifications"),
    **dict.fromkeys(("other_target", "other_severity", "later"), "alert events"),
}
_SAME = "the candidate is the same configuration as what runs, so nothing can differ"


class Sides(NamedTuple):
    """What is held against what."""

    file: str
    """The candidate's."""
    candidate: Config
    live: Config
    limits: Shadow

    @property
    def pair(self) -> Pair:
        """Their versions."""
        return Pair(version(self.candidate), version(self.live))


class Told(NamedTuple):
    """All of it."""

    file: str
    """The candidate's."""
    pair: Pair
    is_same: bool
    """Whether they decide the same and tell it the same, whatever comes."""
    found: Shadowed
    report: Report
    measured: list[Measure]
    verdict: Verdict
    why: list[str]
    settles_ms: int
    """From then on dedup knows all that it would know if it had always been the candidate's."""


def of(sides: Sides, found: Shadowed) -> Told:
    """The report of what was found."""
    report = _replay_report.held_against(_replay_report.of(found.span, found.comparison), sides.live, sides.candidate)
    told_otherwise = sum(one.is_used for one in report.told)
    measured = measures(report.differences, sides.limits, told_otherwise=told_otherwise, faults=found.faults.total())
    seen = Seen(report.after["events"], report.not_kept, report.not_recorded)
    said, why = verdict(measured, seen, sides.limits)
    is_same = sides.pair.candidate == sides.pair.live and not report.told
    settles_ms = (found.begun_ms or 0) + 2 * sides.live.dedup.window // timedelta(milliseconds=1)
    why = [*why, _SAME] if is_same else why
    return Told(sides.file, sides.pair, is_same, found, report, measured, said, why, settles_ms)


def write_plain(told: Told) -> None:
    """For machines."""
    found, report = told.found, told.report
    is_any = found.begun_ms is not None
    head = {
        "candidate": told.file,
        "versions": told.pair._asdict(),
        "same": told.is_same,
        "begun": rfc3339(found.begun_ms) if found.begun_ms is not None else None,
        "since": rfc3339(found.span.since_ms) if is_any else None,
        "until": rfc3339(found.span.until_ms) if is_any else None,
        "verdict": told.verdict.value,
        "why": told.why,
        "limits": [{**one._asdict(), "is_within": one.is_within} for one in told.measured],
        "compared": report.after["events"],
        "not_decided_by_candidate": report.not_kept,
        "not_decided_by_live": report.not_recorded,
        "faults": [{"step": step, "error": error, "times": times} for (step, error), times in found.faults.items()],
        "totals_live": report.before,
        "totals_candidate": report.after,
        "different": len(report.differences),
        "kinds": {kind.value: count for kind, count in report.kinds.items()},
        "told_otherwise": _otherwise.plain(report.told),
    }
    write_json_with(head, "differences", map(_replay_report.difference, report.differences))


def write(told: Told, limit: int) -> None:
    """For people: totals, at most so many differences, the verdict last."""
    write_lines([*_begin(told), *_totals(told)])
    _replay_report.write_list(told.report, limit, SIDES)
    write_lines(["", *ending(told)])


def drawn(told: Told, rows: int) -> list[str]:
    """The same in at most so many lines, the verdict among them: of the differences the newest that fit."""
    above, below = [*_begin(told), *_totals(told), ""], list(ending(told))
    room = rows - len(above) - len(below) - 1
    newest_first = told.report._replace(differences=told.report.differences[::-1])
    newest = _replay_report.for_people(newest_first)[: max(0, room // _LINES_A_BLOCK)]
    blocks = [line for one in newest for line in _replay_report.block(one, SIDES)]
    around = [*above, *blocks, *([""] if blocks else [])]
    return [*around[: max(0, rows - len(below))], *below][-rows:]


_LINES_A_BLOCK = 4


def _begin(told: Told) -> Iterator[str]:
    found = told.found
    yield f"candidate {told.file} ({told.pair.candidate}) beside what runs ({told.pair.live})"
    if found.begun_ms is None:
        yield "nothing was found of it: is the flow running with it, and has any alert come since?"
    else:
        yield f"accepted {rfc3339(found.span.since_ms)} to {rfc3339(found.span.until_ms)}"
        if found.span.until_ms < told.settles_ms:
            yield (
                f"begun {rfc3339(found.begun_ms)}: how often each alert had been told by then is not known, "
                f"so until {rfc3339(told.settles_ms)} ids may differ (other detail)"
            )
    for pair, records in found.others.items():
        yield f"left out: {records:,} records of candidate {pair.candidate} beside {pair.live}"


def _totals(told: Told) -> Iterator[str]:
    report = told.report
    if report.before is None or told.found.begun_ms is None:
        return
    yield ""
    # As replay says it, but for what could not be compared: that has other reasons here.
    yield from _replay_report.compared(report._replace(not_recorded=0, not_kept=0), report.before, SIDES)
    if report.not_kept:
        yield _line("not decided by the candidate", report.not_kept)
    if report.not_recorded:
        yield _line("not decided yet by the live one", report.not_recorded)
    for (step, error), times in told.found.faults.items():
        yield _line(f"the candidate failed at {step}: {error}", times)


def _line(name: str, count: int) -> str:
    return f"{name:<48} {'':>12} {count:>12,}"


def ending(told: Told) -> Iterator[str]:
    """What was measured, and the verdict."""
    for one in told.measured:
        allowed = "no limit" if one.limit is None else f"at most {one.limit:,}"
        what = _COUNTED.get(one.name, "")
        yield f"{one.name:<20} {one.found:>12,} {what:<13}   {allowed}{'' if one.is_within else '   <- beyond'}"
    yield ""
    yield f"verdict: {told.verdict.value}: {'; '.join(told.why)}"
