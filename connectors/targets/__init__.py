"""Targets, one file each, found by name: `<kind>.py` holds `Config`, `EXAMPLE`, `render` and perhaps `judge`.

If its `Config` has a `heartbeat`, it holds `render_heartbeat` too; if one request may tell of several alerts,
`render_several`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from connectors.request import Answer, Judgement, Message, Request, judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from alerts.config import Target
    from alerts.decision import Delivery


class Kind(Protocol):
    """What a module in this folder must have."""

    Config: type[Target]
    EXAMPLE: dict[str, object]
    """A valid configuration, as it would stand in winnow.yaml."""

    def render(self, config: Target, delivery: Delivery, at: datetime) -> Request | Message:
        """The request that tells `delivery` to the target; `at` is the time of this attempt."""


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of target, by the name of its file."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return MappingProxyType({name: importlib.import_module(f"{__name__}.{name}") for name in names})


def render(target: Target, deliveries: Sequence[Delivery], at: datetime) -> Request | Message:
    """The request that tells all of these to the target; several only to kinds that have `render_several`."""
    kind = kinds()[target.kind]
    if len(deliveries) == 1:
        return kind.render(target, deliveries[0], at)
    request: Request = kind.render_several(target, deliveries, at)  # type: ignore[attr-defined]
    return request


def render_heartbeat(target: Target, deliveries: Sequence[Delivery], at: datetime) -> Request:
    """The request that says of some alerts what was said before; only for kinds that have it."""
    request: Request = kinds()[target.kind].render_heartbeat(target, deliveries, at)  # type: ignore[attr-defined]
    return request


def judge_of(kind: str, answer: Answer) -> Judgement:
    """What `answer` means for a target of this kind: its own `judge`, or the one that goes by status."""
    own = getattr(kinds()[kind], "judge", judge)
    return Judgement(own(answer))
