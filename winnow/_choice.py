"""Which notifications of one alert are sent once more to a target, and why others are not. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from alerts.alert import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.config import Target
    from alerts.decision import Delivery


class Why(StrEnum):
    """Why a notification is left out."""

    DELIVERED = "delivered already"
    UNDER_WAY = "under way in the flow"
    """It has not ended there, or something else of its alert has not; or its alert has not been read yet."""
    SUPERSEDED = "superseded"
    """The target was told something newer of its alert, or the flow did so in its place, or needed to tell nothing."""
    OVER = "over by the end of the range"
    """Something newer of its alert goes, and only the latest is wanted."""
    ENDED = "resolved after the range"
    """Nothing in the range would close it."""
    CLOSED = "nothing to close"
    """A resolve that filters or routes stopped, of an alert that is not open at the target."""


class Wishes(NamedTuple):
    """What goes beside what the target was not told."""

    delivered: bool = False
    """What was delivered already."""
    superseded: bool = False
    """What is older than what the target was told."""
    latest: bool = False
    """Of each alert its latest state and nothing else."""
    waiting: bool = False
    """Where a rate holds back, what has no end although its deadline is over: it may wait for its turn."""
    ended: bool = False
    """What was resolved after the range."""


class Candidate(NamedTuple):
    """A notification that is planned now, and what is on record of it."""

    delivery: Delivery
    was_delivered: bool = False
    by_replay: bool = False
    """It was `winnow replay --send` that delivered it."""
    was_replaced: bool = False
    """The flow told something newer in its place, or nothing, for it was over."""
    is_under_way: bool = False


class Later(NamedTuple):
    """What is on record of the same alert and target beyond the candidates."""

    told_ms: int = 0
    """When the newest event that the target was told was accepted; 0: it was told none."""
    is_under_way: bool = False
    is_over: bool = False
    """It was resolved after them."""


def choose(candidates: Sequence[Candidate], later: Later, target: Target, wishes: Wishes) -> list[Why | None]:
    """Of each notification of an alert, in their order, why it is left out; None: it goes."""
    whys = [_alone(one, wishes) for one in candidates]
    _hold_back(whys, later)
    _go_with_firings(candidates, whys)
    if not wishes.superseded:
        _supersede(candidates, whys, later)
    if later.is_over and not wishes.ended:
        _leave_open_nothing(candidates, whys)
    _close_what_is_open(candidates, whys)
    if wishes.latest:
        _only_latest(candidates, whys, target)
    return whys


def untold(candidates: Sequence[Candidate], whys: Sequence[Why | None], place: int) -> bool:
    """Whether what goes there is a resolve whose firing the target was never told, so that it tells both."""
    if candidates[place].delivery.alert.status is Status.FIRING or not place:
        return False
    before = candidates[place - 1]
    return before.delivery.alert.status is Status.FIRING and not before.was_delivered and whys[place - 1] is not None


def _alone(one: Candidate, wishes: Wishes) -> Why | None:
    if one.was_delivered:
        return None if wishes.delivered else Why.DELIVERED
    if one.is_under_way:
        return Why.UNDER_WAY
    return Why.SUPERSEDED if one.was_replaced and not wishes.superseded else None


def _hold_back(whys: list[Why | None], later: Later) -> None:
    """What the flow sends of this alert and what goes beside it would come in no order."""
    if later.is_under_way or Why.UNDER_WAY in whys:
        whys[:] = [why or Why.UNDER_WAY for why in whys]


def _go_with_firings(candidates: Sequence[Candidate], whys: list[Why | None]) -> None:
    """A resolve that the flow did not need to tell goes if its firing does, or if a replay has sent that before."""
    is_open = False
    for place, one in enumerate(candidates):
        is_firing = one.delivery.alert.status is Status.FIRING
        if is_open and not is_firing and whys[place] is Why.SUPERSEDED:
            whys[place] = None
        if whys[place] is None or one.was_delivered:
            is_open = is_firing and (whys[place] is None or one.by_replay)


def _supersede(candidates: Sequence[Candidate], whys: list[Why | None], later: Later) -> None:
    """A firing must not come after its resolve."""
    has_newer = False
    for place in reversed(range(len(whys))):
        accepted_ms = candidates[place].delivery.alert.envelope.accepted_ms
        if whys[place] is None and (has_newer or later.told_ms > accepted_ms):
            whys[place] = Why.SUPERSEDED
        has_newer = has_newer or whys[place] is Why.DELIVERED


def _leave_open_nothing(candidates: Sequence[Candidate], whys: list[Why | None]) -> None:
    """Of what was resolved after the range no firing is the last that is told."""
    for place in reversed(range(len(whys))):
        is_told = whys[place] in {None, Why.DELIVERED}
        if candidates[place].delivery.alert.status is Status.RESOLVED and is_told:
            return
        whys[place] = whys[place] or Why.ENDED


def _close_what_is_open(candidates: Sequence[Candidate], whys: list[Why | None]) -> None:
    """What only closes goes if its firing does, or a replay before this one has sent that."""
    is_open = False
    for place, one in enumerate(candidates):
        if one.delivery.only_closes and whys[place] is None and not is_open:
            whys[place] = Why.CLOSED
        is_sent = whys[place] is None or one.by_replay
        is_open = one.delivery.alert.status is Status.FIRING and is_sent


def _only_latest(candidates: Sequence[Candidate], whys: list[Why | None], target: Target) -> None:
    """As the flow does it with what waits: where incidents are opened, nothing is told of what began and ended."""
    going = [place for place, why in enumerate(whys) if why is None]
    for place in going[:-1]:
        whys[place] = Why.OVER
    if not going:
        return
    alert = candidates[going[-1]].delivery.alert
    is_open = any(one.was_delivered and one.delivery.alert.status is Status.FIRING for one in candidates[: going[-1]])
    has_fired = any(candidates[place].delivery.alert.status is Status.FIRING for place in going[:-1])
    if alert.status is Status.RESOLVED and has_fired and not is_open and target.opens_incident(alert):
        whys[going[-1]] = Why.OVER
