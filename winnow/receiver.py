"""`winnow receiver`: stands in for every HTTP target and prints what arrives."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from alerts.errors import WinnowError
from connectors.inbox import Inbox
from connectors.terminal import printable
from winnow._interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.arrival import Arrival, Notification

PANEL = "Try it"
_COLOURS = {"critical": "bold red", "error": "red", "warning": "yellow", "firing": "red", "resolved": "green"}
_DURATION = re.compile(r"(\d+)(ms|s)", re.ASCII)
_DELETE = "\x7f"
_TEXT_MAX_CHARS = 200


class Output(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"


def receiver(
    listen: Annotated[str, typer.Option(help="Where to listen, HOST:PORT.")] = "127.0.0.1:9900",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
    status: Annotated[
        int | None,
        typer.Option(min=200, max=599, help="Answer everything with this; else as the real target would."),
    ] = None,
    delay: Annotated[str, typer.Option(help="Wait before each answer: 500ms, 2s.")] = "0s",
) -> None:
    """Stand in for every HTTP target and print what arrives.

    The path tells which target is meant: /v2/enqueue PagerDuty, /slack... Slack, /api/v2/alerts Alertmanager,
    /rootly... Rootly, anything else a webhook. It ends with Ctrl-C.

    Example: winnow receiver --listen 127.0.0.1:9900 --status 503 --delay 2s
    """
    show = show_json if output is Output.JSON else people(Console(highlight=False))
    with Interrupt() as interrupt, Inbox(listen, show, status=status, delay=_duration(delay)) as inbox:
        print(f"listening on {inbox.url}; Ctrl-C ends it", file=sys.stderr)  # noqa: T201 for people, beside -o json
        interrupt.wait()


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if not found:
        raise WinnowError(f"--delay: expected a length of time such as 500ms or 2s, got {text!r}")
    return timedelta(milliseconds=int(found[1]) * (1 if found[2] == "ms" else 1000))


def people(console: Console) -> Callable[[Arrival, int], None]:
    """What prints each request as two lines for each alert in it."""

    def show(taken: Arrival, status: int) -> None:
        now = f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3]
        for notification in taken.notifications():
            console.print(_block(now, taken, notification, status), soft_wrap=True)

    return show


def _block(now: str, taken: Arrival, told: Notification, status: int) -> Text:
    """Time, kind, status, severity and name, and below them what identifies it."""
    names = [("fingerprint", told.key), ("id", told.id), ("by", told.judge)]
    below = "  ".join([*(f"{name} {_cut(text)}" for name, text in names if text), f"{taken.method} {_cut(taken.path)}"])
    return Text.assemble(
        (f"{now}  ", "dim"),
        (f"{taken.kind:<14}", "cyan"),
        (f"{_cut(told.status) or '-':<9}", _COLOURS.get(told.status, "")),
        (f"{_cut(told.severity) or '-':<9}", _COLOURS.get(told.severity, "")),
        (_cut(told.name) or "(no name)", "bold"),
        ("  replayed" if told.is_replayed else "", "magenta"),
        (f"\n{'':14}{below} -> {status}", "dim"),
    )


def _cut(text: str) -> str:
    return printable(text if len(text) <= _TEXT_MAX_CHARS else text[: _TEXT_MAX_CHARS - 1] + "…")


def show_json(taken: Arrival, status: int) -> None:
    """Print one request as one line of JSON, of its headers those of Standard Webhooks."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kind": taken.kind,
        "method": taken.method,
        "path": taken.path,
        "headers": {name: value for name, value in taken.headers.items() if name.startswith("webhook-")},
        "status": status,
        "body": taken.body,
    }
    # JSON in ASCII has one control character that is not escaped.
    sys.stdout.write(json.dumps(line, ensure_ascii=True).replace(_DELETE, r"\u007f") + "\n")
    sys.stdout.flush()
