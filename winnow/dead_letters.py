"""`winnow dead-letters`: deliveries that were given up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.topics import topics
from winnow._kept import Kept, Row, contains, find, kept, write_whole
from winnow._moments import moment
from winnow._output import Output, cell, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config


def dead_letters() -> None:
    """Show deliveries that were given up."""


def ls(
    target: Annotated[str | None, typer.Option(help="Only those to the target of this name.")] = None,
    since: Annotated[str | None, typer.Option(help="Given up since: how long ago (2h), or RFC 3339.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this text in their error.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """List the dead letters, the newest last.

    Example: winnow dead-letters ls --target oncall --since 2h
    """
    begin = None if since is None else moment("--since", since, datetime.now(UTC))
    rows = [_summary(one) for one in letters(load(), begin, target, reason)]
    if output is Output.JSON:
        write_json(rows)
    else:
        head = ("place", "at", "target", "id", "alert", "status", "tries", "error")
        write_table(head, ([cell(row[name]) for name in head] for row in rows))


def show(
    which: Annotated[str, typer.Argument(help="Its place (PARTITION/OFFSET), or the id of the delivery or its alert.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Print one dead letter whole.

    Example: winnow dead-letters show 0/12
    """
    kafka = load().kafka
    one = find(kafka, topics(kafka).dead_letters, which, ids)
    write_whole(one, as_json=output is Output.JSON)


COMMANDS = (ls, show)


def letters(
    config: Config, since: datetime | None = None, target: str | None = None, reason: str | None = None
) -> Iterator[Kept]:
    """The dead letters in the order written; `reason` is a part of the error's text, in capitals or not."""
    return (
        one
        for one in kept(config.kafka, topics(config.kafka).dead_letters, since)
        if target in (None, one.row.get("target")) and contains(one.row.get("error"), reason)
    )


def ids(row: Row) -> set[str]:
    """By which ids a letter is found: of the delivery, of the alert event."""
    return {str(id_) for id_ in (_delivery(row).get("id"), row.get("input")) if id_ is not None}


def _summary(one: Kept) -> dict[str, object]:
    row = one.row
    delivery = _delivery(row)
    alert = delivery.get("alert", {})
    return {
        "place": one.place,
        "at": rfc3339(one.at_ms),
        "target": row.get("target"),
        "id": delivery.get("id"),
        "alert": alert.get("name"),
        "fingerprint": row.get("fingerprint"),
        "input": row.get("input"),
        "status": alert.get("status"),
        "tries": row.get("tries"),
        "error": row.get("error"),
    }


def _delivery(row: Row) -> dict[str, Any]:
    found = row.get("delivery")
    return found if isinstance(found, dict) else {}
