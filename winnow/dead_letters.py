"""`winnow dead-letters`: deliveries that were given up, and sending them again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alerts.config_tree import hint
from alerts.errors import WinnowError
from alerts.instant import rfc3339
from connectors.configuration import file_name, load
from connectors.kafka.topics import topics
from connectors.terminal import printable
from winnow._completing import targets
from winnow._kept import Asked, Kept, Row, contains, find, kept, write_whole
from winnow._moments import milliseconds, past
from winnow._output import Output, write_lines
from winnow._recall import recall
from winnow._retry import carry_out
from winnow._state import write_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alerts.config import Config

PANEL = "Operate it"
_HINT = (
    "letters are sent by `winnow dead-letters retry`; what was never planned, for a new target or by another "
    "configuration, by `winnow replay --send`"
)
_HEAD = ("place", "at", "target", "id", "alert", "status", "tries", "state", "error")


def dead_letters() -> None:
    """Show deliveries that were given up, and send them again.

    Example: winnow dead-letters ls --since 1d --open
    """


def ls(
    target: Annotated[
        str | None, typer.Option(help="Only those to the target of this name.", autocompletion=targets)
    ] = None,
    since: Annotated[str | None, typer.Option(help="Given up since: how long ago (2h), or RFC 3339.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this text in their error.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that wait for somebody.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """List the dead letters, the newest last.

    Each with what has become of it since.

    `open`: its target was not told. `retried`: it went back through the flow,
    to `delivered`, to `given up again` (a newer letter, which is open itself),
    or to no end yet. `superseded`: something newer of its alert was told since.

    To know that, it reads the webhooks and decisions of these alerts, from the
    oldest that is listed on; --since makes that less.

    Example: winnow dead-letters ls --target oncall --since 2h --open
    """
    begin = None if since is None else past("--since", since, datetime.now(UTC))
    config = load(needs_sources=False)
    chosen, newest = _chosen(letters(config, begin), lambda one: _is_meant(one, target, reason))
    if target is not None and not chosen:
        _refuse_unknown(config, target)
    items = recall(config, chosen, newest, even_superseded=False)
    if write_list(_HEAD, map(_summary, chosen), items, output, only_open=only_open):
        write_lines([_HINT])


def show(
    which: Annotated[str, typer.Argument(help="Its place (PARTITION/OFFSET), or the id of the delivery or its alert.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Print one dead letter whole.

    Example: winnow dead-letters show 0/12

    Exit codes:
        1: There is no such letter.
    """
    kafka = load(needs_sources=False).kafka
    one = find(kafka, topics(kafka).dead_letters, which, ids)
    write_whole(one, as_json=output is Output.JSON)


def retry(  # noqa: PLR0913, PLR0917 a command takes its options as arguments
    which: Annotated[
        list[str] | None,
        typer.Argument(help="Places (PARTITION/OFFSET), or ids of deliveries or alerts."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Only those to the target of this name.", autocompletion=targets)
    ] = None,
    since: Annotated[str | None, typer.Option(help="Given up since: how long ago (2h), or RFC 3339.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this text in their error.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    even_superseded: Annotated[
        bool, typer.Option("--even-superseded", help="Also those whose alert was told something newer since.")
    ] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Send dead letters again, each once and under the same id.

    None comes after something newer of its alert.
    They go through the flow to the target they were for. What was retried already is left out, so it can be repeated.

    Example: winnow dead-letters retry --target slack --dry-run

    Exit codes:
        1: Some could not be sent back, or there is no such letter.
        130: Interrupted; it is told how many went before, and the same command goes on.
    """
    if not which and target is since is reason is None:
        raise WinnowError("name some by place or id, or by --target, --since or --reason (--since 366d: all)")
    begin = None if since is None else past("--since", since, datetime.now(UTC))
    config = load(needs_sources=False)
    asked = Asked(which, ids)

    def is_chosen(one: Kept) -> bool:
        return asked(one) and (begin is None or one.at_ms >= milliseconds(begin)) and _is_meant(one, target, reason)

    chosen, newest = _chosen(letters(config), is_chosen)
    asked.check()
    if target is not None and not chosen:
        _refuse_unknown(config, target)
    items = recall(config, chosen, newest, even_superseded=even_superseded)
    carry_out(config.kafka, items, output, dry_run=dry_run)


COMMANDS = (ls, show, retry)


def letters(config: Config, since: datetime | None = None) -> Iterator[Kept]:
    """The dead letters in the order written."""
    return kept(config.kafka, topics(config.kafka).dead_letters, since)


def _chosen(found: Iterable[Kept], is_chosen: Callable[[Kept], bool]) -> tuple[list[Kept], dict[str, str]]:
    """Those that are chosen, and by delivery the place of the newest of all."""
    chosen: list[Kept] = []
    newest: dict[str, str] = {}
    for one in found:
        newest[str(_delivery(one.row).get("id"))] = one.place
        if is_chosen(one):
            chosen.append(one)
    return chosen, newest


def _refuse_unknown(config: Config, target: str) -> None:
    """An empty list is no good news if the name was mistyped; of a target that is gone there may still be letters."""
    known = {one.name for one in config.targets}
    if target in known:
        return
    known |= {str(one.row["target"]) for one in letters(config) if one.row.get("target") is not None}
    if target not in known:
        about = f"no target is named {target[:100]!r} in {file_name()}, and no letter is for one"
        raise WinnowError(printable(f"--target: {about}{hint(target, known)}"))


def _is_meant(one: Kept, target: str | None, reason: str | None) -> bool:
    return target in (None, one.row.get("target")) and contains(one.row.get("error"), reason)


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
