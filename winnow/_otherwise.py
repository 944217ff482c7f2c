"""What two configurations tell otherwise, in words and for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.config_told import Otherwise

_HEADS = {"target": "targets differ", "publish": "publish differs", "rule": "recommendations differ"}


def lines(found: Sequence[Otherwise]) -> Iterator[str]:
    """A line for targets, one for the section `publish`, one for rules, if any of them differ."""
    for what, head in _HEADS.items():
        told = [_said(one) for one in found if one.what == what]
        if told:
            yield f"{head}: {', '.join(told)}"


def _said(one: Otherwise) -> str:
    fields = ", ".join(one.fields)
    if one.what == "publish":
        return fields
    if one.what == "rule":
        return one.name
    return f"{one.name} ({fields})" if one.is_used else f"{one.name} ({fields}; nothing is sent there)"


def plain(found: Sequence[Otherwise]) -> list[dict[str, Any]]:
    """For machines."""
    return [{"what": one.what, "name": one.name, "fields": list(one.fields), "used": one.is_used} for one in found]
