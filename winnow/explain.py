"""`winnow explain`: the story of one alert, from the decisions topic."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.errors import NotFoundError, WinnowError
from alerts.instant import rfc3339
from alerts.matchers import parse
from alerts.took import stretch
from alerts.waterfall import bar, waterfall
from alerts.why_not import statuses, why_not
from connectors.configuration import file_name, load
from connectors.terminal import printable
from winnow._advice import SPOKEN
from winnow._completing import targets
from winnow._listed import LISTED_MAX, fallbacks, rows, text
from winnow._moments import between, milliseconds, past
from winnow._names import like, names
from winnow._output import WIDTH_CHARS, Output, write_json, write_lines, write_table
from winnow._story import Within, labelled, named, story, tells
from winnow._verdicts import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config
    from winnow._tally import Found

Row = dict[str, Any]

PANEL = "Watch it"
_FINGERPRINT = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)
_NOTIFICATION = re.compile(r"([0-9a-f]{16})[0-9a-f]{16}", re.IGNORECASE)
_BAR_CHARS = 24
_NOT_DECIDED = "\nit may wait for the flow or the model (`winnow doctor`), or was refused (`winnow quarantine ls`)"


class _Asked(NamedTuple):
    """Which alerts are meant."""

    alerts: list[Found]
    """None: the question names a fingerprint, or begins with it."""
    fingerprint: str | None
    """If it is one alert."""
    notification: str | None
    """Its id, if what told it is meant."""


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="Fingerprint (16 hex digits), alert name, notification id (32 hex digits), or matchers over labels.",
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--why-not", metavar="TARGET", help="Of each event the first reason why not.", autocompletion=targets
        ),
    ] = None,
    since: Annotated[str, typer.Option(help="How far back to look for a name or matchers: 2h, or RFC 3339.")] = "24h",
    until: Annotated[
        str, typer.Option(help="Only events accepted before then: how long ago, or RFC 3339.", show_default="now")
    ] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Tell what happened to an alert, why, and where the time went.

    A fingerprint and a notification's id read one partition of the decisions, all that is kept of it. A name reads
    those hours since --since for which the index of names has it, matchers all webhooks since then, for labels lie
    there. If several alerts match, they are listed with the labels that differ, with --why-not each with the reason of
    the newest firing that dedup let pass.

    Example: winnow explain 'namespace="shop",severity="critical"' --since 2h --why-not oncall

    Exit codes:
        1: No such alert is kept; of a name or matchers: within --since.
    """
    config = load(needs_sources=False)
    _check_target(config, target)
    within = _within(since, until, datetime.now(UTC))
    asked = _find(config, what, within)
    if asked.fingerprint is None:
        _list(list(rows(config, asked.alerts, within, target)), target, output)
        return
    whole = list(story(config, asked.fingerprint))
    events = [event for event in whole if _is_meant(event, asked, within)]
    if not events:
        if output is Output.JSON:
            write_json([])
        raise NotFoundError(_nothing(asked))
    told = [_told(event) for event in events]
    if target is not None:
        told = list(_reasoned(config, told, target, statuses(whole)))
    if output is Output.JSON:
        write_json(told)
    else:
        _print(asked.fingerprint, told, target)


def _within(since: str, until: str, now: datetime) -> Within:
    if not until:
        return Within(past("--since", since, now), float("inf"))
    begin, end = between(since, until, now)
    return Within(begin, milliseconds(end))


def _is_meant(event: Row, asked: _Asked, within: Within) -> bool:
    is_told = asked.notification is None or tells(event, asked.notification)
    return is_told and event["accepted_ms"] < within.until_ms


def _nothing(asked: _Asked) -> str:
    if asked.notification is not None:
        return f"no decision and no outcome that is kept names the notification {asked.notification}"
    return (
        f"no decision about {asked.fingerprint} is kept: nobody sent it, it is older than what Kafka keeps, "
        "or it waits for the flow or the model"
    )


def _check_target(config: Config, target: str | None) -> None:
    names = [one.name for one in config.targets]
    if target is not None and target not in names:
        known = ", ".join(names) or "none"
        raise WinnowError(f"--why-not: {file_name()} has no target {target[:40]!r}; it has: {known}")


def _find(config: Config, what: str, within: Within) -> _Asked:
    """Which alert is meant, or which alerts.

    Raises:
        NotFoundError: None.
    """
    if _FINGERPRINT.fullmatch(what):
        return _Asked([], what.lower(), None)
    if found := _NOTIFICATION.fullmatch(what):
        return _Asked([], found[1].lower(), what.lower())
    until = f" and before {rfc3339(int(within.until_ms))}" if isfinite(within.until_ms) else ""
    ago = f"since {rfc3339(milliseconds(within.since))}{until}; --since 7d looks further back"
    is_matchers = any(sign in what for sign in "=~{")
    alerts = labelled(config, parse(what), within) if is_matchers else named(config, what, within)
    if not alerts:
        if is_matchers:
            raise NotFoundError(f"no alert whose labels match {what[:200]} was accepted {ago}")
        meant = like(what, names(config, within.since) - {what})
        raise NotFoundError(
            f"no decision names {what[:200]!r} {ago}" + (f"; did you mean {meant!r}?" if meant else "") + _NOT_DECIDED
        )
    return _Asked(alerts, alerts[0].fingerprint if len(alerts) == 1 else None, None)


def _list(found: list[Row], target: str | None, output: Output) -> None:
    """Those that match, for the next question."""
    if output is Output.JSON:
        write_json(found)
        return
    head = ("fingerprint", "status", "events", "last_at", "name", "labels", *(() if target is None else ("why_not",)))
    write_table(head, ([_cell(row, word) for word in head] for row in found[:LISTED_MAX]))
    first = "" if len(found) <= LISTED_MAX else f", the {LISTED_MAX} newest are listed"
    write_lines([f"{len(found)} alerts match{first}; `winnow explain FINGERPRINT` tells of one"])


def _cell(row: Row, word: str) -> str:
    if word == "labels":
        return text(row["labels"])
    if word == "why_not":
        why = row["why_not"]
        return "-" if why is None else f"{why['step']}, {rfc3339(why['accepted_ms'])}: {why['reason']}"
    return str(row[word])


def _told(event: Row) -> Row:
    """An event with where its time went."""
    return {**event, "waterfall": [span._asdict() for span in waterfall(event)]}


def _reasoned(config: Config, events: list[Row], target: str, known: dict[str, str]) -> Iterator[Row]:
    """Each event with why a target was not told."""
    stands_in_for = fallbacks(config, target)
    for event in events:
        yield {**event, "why_not": why_not(event, target, stands_in_for, known)._asdict()}


def _print(fingerprint: str, events: list[Row], target: str | None) -> None:
    # Broken lines would break ids, for which one searches in a pipe.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_CHARS)
    console.print(Text.assemble("alert ", (fingerprint, "bold"), f"  {printable(events[-1]['name'])}"))
    for event in events:
        came = f"{printable(event['id'])}, from {printable(event.get('source', 'default'))}"
        when = f"\n{rfc3339(event['accepted_ms'])}  "
        console.print(Text.assemble(when, (printable(event["status"]), "bold"), f"  ({came})"))
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for step, said in (*lines(event), *_times(event)) if target is None else _why(event, target):
            table.add_row(Text(step), Text(_shown(step, said)))
        console.print(table)


def _why(event: Row, target: str) -> Iterator[tuple[str, str]]:
    why = event["why_not"]
    yield why["step"], f"{target}: {why['reason']}"


def _times(event: Row) -> Iterator[tuple[str, str]]:
    """The waterfall; what lies before the acceptance has no bar, for it can be days."""
    spans = waterfall(event)
    most_ms = max(span.to_ms for span in spans)
    for span in spans:
        drawn = " " * _BAR_CHARS if span.from_ms < 0 else bar(span, most_ms, _BAR_CHARS)
        when = stretch(span.from_ms, span.to_ms)
        yield "time", f"{drawn}  {span.what}: {when}" + (f" ({span.detail})" if span.detail else "")


def _shown(step: str, said: str) -> str:
    """What a step said, fit for a terminal; of a model's words the lines stay, each below the other in their column."""
    return "\n".join(map(printable, said.split("\n"))) if step in SPOKEN else printable(said)
