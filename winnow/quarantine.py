"""`winnow quarantine`: what nobody could read, why, and reading it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.errors import WinnowError
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.topics import topics
from winnow._kept import Asked, Kept, Row, contains, find, kept, write_whole
from winnow._moments import milliseconds, past
from winnow._output import Output
from winnow._readmit import readmit
from winnow._retry import carry_out
from winnow._state import write_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config

PANEL = "Operate it"
_HEAD = ("place", "at", "by", "of", "bytes", "state", "reason")


def quarantine() -> None:
    """Show what nobody could read, and read it again.

    Example: winnow quarantine ls --since 1d --open
    """


def ls(
    since: Annotated[str | None, typer.Option(help="Put there since: how long ago (2h), or RFC 3339.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this text in their reason.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that wait for somebody.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """List what is in the quarantine, the newest last.

    Each with what has become of it since.

    `open`: it is not accepted, or not all of it. `retried`: it was read again
    and accepted. `superseded`: its alert told something newer since.

    To know that, it reads the webhooks and decisions of these alerts, from the
    oldest that is listed on; --since makes that less.

    Example: winnow quarantine ls --since 1d --reason startsAt --open
    """
    begin = None if since is None else past("--since", since, datetime.now(UTC))
    config = load(needs_sources=False)
    chosen = list(entries(config, begin, reason))
    items = readmit(config, chosen, even_superseded=False)
    write_list(_HEAD, map(_summary, chosen), items, output, only_open=only_open)


def show(
    which: Annotated[str, typer.Argument(help="Its place (PARTITION/OFFSET), or the id of its webhook or alert.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Print one entry whole.

    Example: winnow quarantine show 0/12

    Exit codes:
        1: There is no such entry.
    """
    kafka = load(needs_sources=False).kafka
    one = find(kafka, topics(kafka).quarantine, which, ids)
    write_whole(one, as_json=output is Output.JSON)


def retry(  # noqa: PLR0913, PLR0917 a command takes its options as arguments
    which: Annotated[
        list[str] | None,
        typer.Argument(help="Places (PARTITION/OFFSET), or ids of webhooks or alerts."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Put there since: how long ago (2h), or RFC 3339.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this text in their reason.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    even_superseded: Annotated[
        bool, typer.Option("--even-superseded", help="Also alerts that told something newer since.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Read again what nobody could read, and accept it.

    What can be read now is accepted, once, under its own id and time.
    What was retried already is left out, so it can be repeated. What still cannot be read stays where it is.

    Example: winnow quarantine retry --since 1d --reason startsAt

    Exit codes:
        1: Some cannot be read still, or there is no such entry.
        130: Interrupted; it is told how many went before, and the same command goes on.
    """
    if not which and since is reason is None:
        raise WinnowError("name some by place or id, or by --since or --reason (--since 366d: all)")
    begin = None if since is None else past("--since", since, datetime.now(UTC))
    config = load(needs_sources=False)
    asked = Asked(which, ids)
    chosen = [one for one in entries(config) if asked(one) and _is_meant(one, begin, reason)]
    asked.check()
    items = readmit(config, chosen, even_superseded=even_superseded)
    carry_out(config.kafka, items, output, dry_run=dry_run)


COMMANDS = (ls, show, retry)


def entries(config: Config, since: datetime | None = None, reason: str | None = None) -> Iterator[Kept]:
    """What is in the quarantine, in the order written; `reason` is a part of the text, in capitals or not."""
    topic = topics(config.kafka).quarantine
    return (one for one in kept(config.kafka, topic, since) if contains(one.row.get("reason"), reason))


def _is_meant(one: Kept, begin: datetime | None, reason: str | None) -> bool:
    return (begin is None or one.at_ms >= milliseconds(begin)) and contains(one.row.get("reason"), reason)


def ids(row: Row) -> set[str]:
    """By which ids an entry is found: of the webhook, of its one alert."""
    webhook, position = row.get("id"), row.get("position")
    if webhook is None:
        return set()
    return {str(webhook)} if position is None else {str(webhook), f"{webhook}-{position}"}


def _summary(one: Kept) -> dict[str, object]:
    row = one.row
    return {
        "place": one.place,
        "at": rfc3339(one.at_ms),
        "by": row.get("by"),
        "of": _of(row),
        "bytes": row.get("body_bytes"),
        "reason": row.get("reason"),
    }


def _of(row: Row) -> str:
    """What it is about: an alert, a webhook, a record; of a record's line the reason says it."""
    if row.get("by") == "flow":
        return "a line" if row.get("offset") == -1 else f"{row.get('topic')} {row.get('partition')}/{row.get('offset')}"
    return max(ids(row), key=len, default="-")
