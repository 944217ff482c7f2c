"""What came of cases, for people and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from alerts.fields import spelled
from winnow._verdicts import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.case_file import Planned
    from winnow._trial import Checked

_EXPECTED_CHARS = 60
_LABELS_MAX_CHARS = 200


class Ran(NamedTuple):
    """A case that was run."""

    file: str
    planned: Planned
    steps: list[Checked]
    took_s: float

    @property
    def passed(self) -> bool:
        """Whether all its steps came out as expected."""
        return all(step.holds for step in self.steps)


def lines(ran: Sequence[Ran]) -> Iterator[str]:
    """The cases that failed, and how many did."""
    for one in ran:
        if not one.passed:
            yield f"FAIL {one.file}:{one.planned.line}: {one.planned.case.name}"
            yield from (f"  {line}" for line in faults(one))
            yield ""
    yield summary(ran)


def summary(ran: Sequence[Ran]) -> str:
    """How many passed, and failed."""
    failed = sum(not one.passed for one in ran)
    return f"{len(ran) - failed} passed" + (f", {failed} failed" if failed else "")


def faults(one: Ran) -> Iterator[str]:
    """Of each step that failed what was expected, what came, and why."""
    for number, step in enumerate(one.steps):
        if step.holds:
            continue
        yield f"{one.file}:{one.planned.step_lines[number]}: steps[{number}] {_sent(step)}"
        expected = ["expected", *(point.expected for point in step.points)]
        wide = min(max(map(len, expected)), _EXPECTED_CHARS)
        marks = [" ", *(" " if point.holds else "!" for point in step.points)]
        got = ["got", *(point.got for point in step.points)]
        yield from (f"  {mark} {left:<{wide}}  {right}" for mark, left, right in zip(marks, expected, got, strict=True))
        yield from (f"    {name:<8}  {said}" for name, said in verdicts(step.decision))


def plain(ran: Sequence[Ran]) -> dict[str, Any]:
    """All cases with all their steps."""
    failed = sum(not one.passed for one in ran)
    return {"passed": len(ran) - failed, "failed": failed, "cases": [_case(one) for one in ran]}


def _case(one: Ran) -> dict[str, Any]:
    steps = zip(one.steps, one.planned.step_lines, strict=True)
    return {
        "file": one.file,
        "line": one.planned.line,
        "name": one.planned.case.name,
        "passed": one.passed,
        "steps": [_step(step, line) for step, line in steps],
    }


def _step(step: Checked, line: int) -> dict[str, Any]:
    return {
        "line": line,
        "at_s": step.event.step.at.total_seconds(),
        "passed": step.holds,
        "points": [point._asdict() for point in step.points],
        "told": [one._asdict() for one in step.got],
        "decision": step.decision,
    }


def _sent(step: Checked) -> str:
    sent = step.event.submission
    labels = ", ".join(f"{name}={value}" for name, value in sent.labels.items() if name != "alertname")
    more = f" ({labels[:_LABELS_MAX_CHARS]})" if labels else ""
    return f"at {spelled(step.event.step.at)}: {sent.labels['alertname'][:_LABELS_MAX_CHARS]} {sent.status.value}{more}"
