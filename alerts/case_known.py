"""Whether what a case expects is in the configuration at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.config_tree import hint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.case import Expected
    from alerts.config import Config


def lacking(expected: Expected, config: Config) -> str:
    """What the configuration has no such thing of, and what may be meant; empty: it has all that is named."""
    targets = {target.name: target for target in config.targets}
    if expected.target is not None and expected.target not in targets:
        return _no("target", expected.target, targets)
    routes = [route.name or f"routes[{number}]" for number, route in enumerate(config.routes)]
    if expected.route is not None and expected.route not in routes:
        return _no("route", expected.route, routes)
    if expected.filtered_by is None:
        return ""
    if expected.target is None:
        return _rule("filter rule", expected.filtered_by, [rule.name for rule in config.filter])
    own = [rule.name for rule in targets[expected.target].filter]
    # The flow names so why it leaves out a target that is switched off.
    return _rule(f"filter rule of {expected.target}", expected.filtered_by, [*own, "disabled"])


def _rule(what: str, name: str, known: list[str]) -> str:
    return "" if name in known else _no(what, name, known)


def _no(what: str, name: str, known: Iterable[str]) -> str:
    return f"there is no {what} {name[:60]!r}{hint(name, known)}"
