"""What an examination found: how one thing stands, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class State(StrEnum):
    """How it stands; the order of the members is from worst to least."""

    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"
    OK = "ok"


class Finding(NamedTuple):
    """One check."""

    check: str
    state: State
    found: str
    todo: str = ""
    """What to do, in one line; empty if there is nothing."""


class Complaint(NamedTuple):
    """A part of a finding."""

    state: State
    found: str
    todo: str


def finding(check: str, found: str, complaints: Sequence[Complaint]) -> Finding:
    """What was found in any case, with all complaints; the worst of them is the state."""
    order = list(State)
    state = min((one.state for one in complaints), key=order.index, default=State.OK)
    by_weight = sorted(complaints, key=lambda one: order.index(one.state))
    todo = "; ".join(dict.fromkeys(one.todo for one in by_weight))
    return Finding(check, state, "; ".join([found, *(one.found for one in by_weight)]), todo)
