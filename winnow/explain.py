"""`winnow explain`: the story of one alert, from the decisions topic."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from alerts.config import Config
from alerts.errors import WinnowError
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.scan import scan
from connectors.kafka.topics import topics

Row = dict[str, Any]

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


def explain(
    fingerprint: Annotated[
        str, typer.Argument(help="16 hex digits, as decisions and notifications carry it.")
    ],
    output: Annotated[
        Output, typer.Option("--output", "-o", help="For people or for machines.")
    ] = Output.TABLE,
) -> None:
    """Tell what happened to one alert, event by event, and why.

    Example: winnow explain 9031535530e7f5c3
    """
    fingerprint = fingerprint.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise WinnowError(f"expected a fingerprint of 16 hex digits, got {fingerprint[:40]!r}")
    events = list(story(load(), fingerprint))
    if output is Output.JSON:
        sys.stdout.write(orjson.dumps(events, option=orjson.OPT_INDENT_2).decode() + "\n")
    elif events:
        Console().print(_table(fingerprint, events))
    if not events:
        raise WinnowError(f"no decision about {fingerprint} is kept; the flow may not have read it yet")


def story(config: Config, fingerprint: str) -> Iterator[Row]:
    """The decisions about one alert in the order made, each with its deliveries and what became of them."""
    partition = partition_of(fingerprint, config.kafka.partitions)
    needle = fingerprint.encode()
    decisions: dict[str, Row] = {}
    for stored in scan(config.kafka, topics(config.kafka).decisions, [partition]):
        if needle not in stored.value:
            continue
        record = orjson.loads(stored.value)
        for decision in record.get("decisions", ()):
            if decision["fingerprint"] == fingerprint:
                decisions[decision["id"]] = {**decision, "config": record["config"], "outcomes": []}
        for outcome in record.get("outcomes", ()):
            told = decisions.get(outcome["input"])
            if outcome["fingerprint"] == fingerprint and told is not None:
                told["outcomes"].append(outcome)
    yield from decisions.values()


def _table(fingerprint: str, events: Iterable[Row]) -> Table:
    table = Table(title=f"alert {fingerprint}", show_lines=True)
    for column in ("accepted", "event", "dedup", "classify", "filter", "route", "told"):
        table.add_column(column, overflow="fold")
    for event in events:
        found = event.get("classify")
        classified = "" if found is None else f"{found['severity']} ({found['source']}: {found['rule']})"
        table.add_row(
            rfc3339(event["accepted_ms"]),
            _clean(f"{event['name']} {event['status']}"),
            _clean(_dedup(event["dedup"])),
            _clean(classified),
            _clean(_said(event.get("filter"))),
            _clean("\n".join(_said(verdict) for verdict in event.get("route", ()))),
            _clean("\n".join(_told(event))),
        )
    return table


def _dedup(verdict: Row) -> str:
    passed_ms = verdict["saw"].get("passed_ms")
    since = f", last told {rfc3339(passed_ms)}" if passed_ms else ""
    if verdict["outcome"] == "duplicate":
        return f"duplicate: said nothing new inside the window{since}; ends here"
    return f"{verdict['outcome']}{since}"


def _said(verdict: Row | None) -> str:
    if verdict is None:
        return ""
    saw = ", ".join(f"{name}={value}" for name, value in verdict["saw"].items())
    return f"{verdict['outcome']}: {verdict['rule']}" + (f" ({saw})" if saw else "")


def _told(event: Row) -> Iterator[str]:
    ends = {outcome["delivery"]: outcome for outcome in event["outcomes"]}
    for planned in event.get("deliveries", ()):
        end = ends.get(planned["id"])
        if end is None:
            yield f"{planned['target']}: not ended yet"
            continue
        moment = datetime.fromtimestamp(end["ended_ms"] / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
        detail = f" {end['error']}" if end["error"] else ""
        yield f"{planned['target']}: {end['outcome']} at {moment} after {end['tries']} tries{detail}"


def _clean(text: str) -> str:
    """Alert text as a terminal may see it: no control characters, no markup."""
    return escape(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    )
