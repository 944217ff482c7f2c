"""`winnow explain`: the story of one alert, from the decisions topic."""

from __future__ import annotations

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
from winnow._fingerprint import checked
from winnow._output import WIDTH_CHARS, Output
from winnow._verdicts import lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Config

Row = dict[str, Any]


def explain(
    fingerprint: Annotated[str, typer.Argument(help="16 hex digits, as decisions and notifications carry it.")],
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Tell what happened to one alert, event by event, and why.

    Example: winnow explain 9031535530e7f5c3
    """
    fingerprint = checked(fingerprint)
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
        for step, said in lines(event):
            table.add_row(step, _clean(said))
        console.print(table)


def _clean(text: str) -> str:
    """Alert text as a terminal may see it: no control characters, no markup."""
    return escape("".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text))
