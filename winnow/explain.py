"""`winnow explain`: the story of one alert, from the decisions topic."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.errors import WinnowError
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics
from winnow import _advice
from winnow._output import WIDTH_CHARS, Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config

Row = dict[str, Any]

_RECALLED = {
    "retried": "taken out of the dead letters, to be sent again",
    "duplicate": "taken out of the dead letters once more, not sent twice",
    "superseded": "taken out of the dead letters, not sent: something newer had come",
}
_NOT_ENDED = {"renewed": "it was repeated meanwhile", "over": "it was resolved already"}
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


def explain(
    fingerprint: Annotated[str, typer.Argument(help="16 hex digits, as decisions and notifications carry it.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Tell what happened to one alert, event by event, and why.

    Example: winnow explain 9031535530e7f5c3
    """
    fingerprint = fingerprint.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise WinnowError(f"expected a fingerprint of 16 hex digits, got {fingerprint[:40]!r}")
    events = list(story(load(needs_sources=False), fingerprint))
    if output is Output.JSON:
        sys.stdout.write(orjson.dumps(events, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif events:
        _print(fingerprint, events)
    if not events:
        raise WinnowError(f"no decision about {fingerprint} is kept; the flow may not have read it yet")


def story(config: Config, fingerprint: str) -> Iterator[Row]:
    """The decisions about one alert in the order made, each with its deliveries and what became of them."""
    partition = partition_of(fingerprint, config.kafka.partitions)
    needle = fingerprint.encode()
    decisions: dict[str, Row] = {}
    told: dict[str, list[Row]] = defaultdict(list)
    """By delivery: its outcomes, and its retries as a dead letter."""
    for stored in scan(config.kafka, topics(config.kafka).decisions, [partition]):
        if needle not in stored.value:
            continue
        record = orjson.loads(stored.value)
        for decision in record.get("decisions", ()):
            if decision["fingerprint"] == fingerprint:
                decisions[decision["id"]] = {**decision, "config": record["config"]}
        for row in (*record.get("outcomes", ()), *record.get("retries", ())):
            if row["fingerprint"] == fingerprint:
                told[row["delivery"]].append(row)
    for decision in decisions.values():
        ids = [delivery["id"] for delivery in decision.get("deliveries", ())]
        ids += [id_ for id_, rows in told.items() if id_ not in ids and rows[0]["input"] == decision["id"]]
        yield {**decision, "outcomes": [row for id_ in ids for row in _holds(told[id_])]}


def _holds(told: list[Row]) -> Iterator[Row]:
    """The retries of a delivery, the outcome before each and the last one.

    After a crash the same may be told twice, and the last is what holds.
    """
    for row, after in zip_longest(told, told[1:]):
        if "retry" in row or after is None or "retry" in after:
            yield row


def _print(fingerprint: str, events: list[Row]) -> None:
    # Broken lines would break ids, for which one searches in a pipe.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_CHARS)
    console.print(f"alert [bold]{fingerprint}[/bold]  {_clean(events[-1]['name'])}")
    for event in events:
        came = f"{_clean(event['id'])}, from {_clean(event.get('source', 'default'))}"
        console.print(f"\n{rfc3339(event['accepted_ms'])}  [bold]{event['status']}[/bold]  ({came})")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for step, said in _lines(event):
            table.add_row(step, _clean(said))
        console.print(table)


def _lines(event: Row) -> Iterator[tuple[str, str]]:
    """Step and verdict, in the order of the path."""
    yield "dedup", _dedup(event["dedup"])
    found = event.get("classify")
    if found is not None:
        judged = f"{found['severity']}, {found['category']}"
        yield "classify", f"{judged} ({found['source']}: {found['rule']}, confidence {found['confidence']:g})"
    if "advice" in event:
        yield from _advice.told(event["advice"])
    if "filter" in event:
        yield "filter", _said(event["filter"])
    for verdict in event.get("route", ()):
        yield "route", _said(verdict)
    for planned in event.get("deliveries", ()):
        ends = [outcome for outcome in event["outcomes"] if outcome["delivery"] == planned["id"]]
        for end in ends:
            yield "publish", _told(planned["target"], end)
        if not _has_ended(ends):
            yield "publish", f"{planned['target']}: not ended yet"
    yield from (("publish", _told(end["target"], end)) for end in event["outcomes"] if end.get("closes"))


def _dedup(verdict: Row) -> str:
    passed_ms = verdict["saw"].get("passed_ms")
    since = f", last passed {rfc3339(passed_ms)}" if passed_ms else ""
    if verdict["outcome"] == "duplicate":
        return f"duplicate: said nothing new inside the window{since}; ends here"
    if verdict["rule"] == "silence":
        silent = f"it held until {rfc3339(verdict['saw']['expired_ms'])}"
        if verdict["outcome"] in _NOT_ENDED:
            return f"{verdict['outcome']}: {silent}, but {_NOT_ENDED[verdict['outcome']]}; ends here"
        return f"{verdict['outcome']}: {silent} and nobody repeated it{since}"
    return f"{verdict['outcome']}{since}"


def _said(verdict: Row) -> str:
    saw = ", ".join(f"{name}={value}" for name, value in verdict["saw"].items())
    return f"{verdict['outcome']}: {verdict['rule']}" + (f" ({saw})" if saw else "")


def _has_ended(told: list[Row]) -> bool:
    """Whether the last retry that went on, if there is any, is followed by an outcome."""
    went_on = [row for row in told if "retry" not in row or row["retry"]["outcome"] == "retried"]
    return bool(went_on) and "retry" not in went_on[-1]


def _told(target: str, end: Row) -> str:
    if "retry" in end:
        return f"{target}: {_RECALLED[end['retry']['outcome']]} ({end['letter']})"
    took_s = (end["ended_ms"] - end["accepted_ms"]) / 1000
    tries = "1 try" if end["tries"] == 1 else f"{end['tries']} tries"
    answer = "" if end["status_code"] is None else f", answered {end['status_code']}"
    repeat = f", may repeat one sent before the restart ({end['repeat']})" if "repeat" in end else ""
    detail = f": {end['error']}" if end["error"] else ""
    if "closes" in end:
        detail += " (nothing sends it there, but its alert was open there)"
    return f"{target}: {end['outcome']} {took_s:.3f} s after acceptance, {tries}{answer}{repeat}{detail}"


def _clean(text: str) -> str:
    """Alert text as a terminal may see it: no control characters, no markup."""
    return escape("".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text))
