"""What becomes of a candidate: how much it decides otherwise, against the limits of winnow.yaml. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from alerts.decision import Severity
from flows.differences import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.config_shadow import Shadow
    from flows.differences import Difference

# More than what is under way at a moment: so many were not decided by both that what is known says little.
_MISSING_MAX = 0.01


class Verdict(StrEnum):
    """Whether a candidate may take over."""

    WITHIN = "within limits"
    BEYOND = "beyond limits"
    UNKNOWN = "not known"


class Measure(NamedTuple):
    """One way to decide otherwise."""

    name: str
    """As in winnow.yaml, without `max_`."""
    found: int
    limit: int | None
    """None: it may be any number."""

    @property
    def is_within(self) -> bool:
        """Whether it is no more than allowed."""
        return self.limit is None or self.found <= self.limit


class Seen(NamedTuple):
    """How much there is to go by."""

    compared: int
    """Alert events that both have decided about."""
    missing: int
    """That the candidate has not decided about, though it should have."""
    undecided: int
    """That only the candidate has decided about."""


def measures(found: Iterable[Difference], limits: Shadow, *, told_otherwise: int, faults: int) -> list[Measure]:
    """All of them, in the order of winnow.yaml."""
    fewer_critical = fewer = more = other_target = other_severity = later = 0
    for one in found:
        fewer_critical += _fewer_critical(one)
        fewer += len(one.lost)
        more += len(one.new)
        other_target += Kind.OTHER_TARGET in one.kinds
        other_severity += Kind.OTHER_SEVERITY in one.kinds
        later += Kind.LATER in one.kinds
    return [
        Measure("fewer_critical", fewer_critical, limits.max_fewer_critical),
        Measure("fewer", fewer, limits.max_fewer),
        Measure("more", more, limits.max_more),
        Measure("other_target", other_target, limits.max_other_target),
        Measure("other_severity", other_severity, limits.max_other_severity),
        Measure("later", later, limits.max_later),
        Measure("told_otherwise", told_otherwise, limits.max_told_otherwise),
        Measure("faults", faults, limits.max_faults),
    ]


def _fewer_critical(one: Difference) -> int:
    """Notifications that were sent as critical, and are now not sent to their target, or as something else."""
    if one.before.severity != Severity.CRITICAL:
        return 0
    return len(one.before.targets) if Kind.OTHER_SEVERITY in one.kinds else len(one.lost)


def _is_much(left_out: int, compared: int) -> bool:
    return left_out > _MISSING_MAX * (compared + left_out)


def verdict(measured: Iterable[Measure], seen: Seen, limits: Shadow) -> tuple[Verdict, list[str]]:
    """The verdict, and why it is that; what is beyond a limit is so however little was compared."""
    beyond = [
        f"{one.found:,} {one.name}, at most {one.limit:,} allowed (shadow.max_{one.name})"
        for one in measured
        if not one.is_within
    ]
    if beyond:
        return Verdict.BEYOND, beyond
    doubts = []
    if seen.compared < limits.min_events:
        doubts.append(
            f"{seen.compared:,} alert events compared, at least {limits.min_events:,} wanted (shadow.min_events)"
        )
    if _is_much(seen.missing, seen.compared):
        doubts.append(f"{seen.missing:,} alert events were not judged by the candidate: choose a later --since")
    if _is_much(seen.undecided, seen.compared):
        doubts.append(f"{seen.undecided:,} alert events were judged by the candidate alone: choose a later --since")
    return (Verdict.UNKNOWN, doubts) if doubts else (Verdict.WITHIN, [f"{seen.compared:,} alert events compared"])
