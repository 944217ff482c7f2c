"""`winnow tail`: decisions and ends of deliveries as they are written."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from alerts.errors import WinnowError
from alerts.happening import STEPS, Happenings, Sieve, ends
from alerts.instant import rfc3339
from alerts.matchers import parse
from connectors.configuration import load
from connectors.terminal import printable
from winnow._moments import moment
from winnow._output import WIDTH_CHARS, Output
from winnow._watch import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.happening import Happening
    from alerts.matchers import Matchers

PANEL = "Watch it"
_COLOURS = {
    **dict.fromkeys(("delivered", "routed", "allow", "new", "changed"), "green"),
    **dict.fromkeys(("deny", "dead-lettered", "error", "unrouted", "critical"), "red"),
    **dict.fromkeys(("duplicate", "merged", "skipped", "not-needed"), "dim"),
    **dict.fromkeys(("delivered-to-fallback", "warning", "retried"), "yellow"),
}
# Of what is there already, so many lines are put in order at once; what is more comes in several such pieces.
_HELD_MAX = 100_000
_DELETE = "\x7f"
_DETAIL_MAX_CHARS = 300


def tail(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STEP] [MATCHERS]",
            help="dedup, classify, filter, route or publish; else where each alert went. Matchers over step, verdict, "
            "rule, name, status, source, severity, fingerprint, target.",
            show_default=False,
            autocompletion=lambda: STEPS,
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Begin then: how long ago (5m), or RFC 3339; else with what comes.")
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people, or a JSON object a line.")] = (
        Output.TABLE
    ),
) -> None:
    """Follow decisions and deliveries as they are written.

    A line each, until Ctrl-C. Without a STEP there is one for each alert event, with the word that decided where it
    went, and one for each end of a delivery. With --since, what is there already comes in the order of time. It waits
    for a topic that is not there yet and for a broker that went away.

    Example: winnow tail publish 'target="oncall",verdict!="delivered"' --since 10m
    """
    step, matchers = _asked(what or [])
    sieve = Sieve(step, matchers)
    now = datetime.now(UTC)
    began = None if since is None else moment("--since", since, now)
    config = load(needs_sources=False)
    show = show_json if output is Output.JSON else people(Console(highlight=False, soft_wrap=True, width=_width()))
    held: list[Happening] = []
    for told, is_behind in watched(config.kafka, began, Happenings()):
        held += filter(sieve.takes, ends(told) if step is None else told)
        if not is_behind or len(held) > _HELD_MAX:
            for one in sorted(held, key=lambda one: one.at_ms):
                show(one)
            held.clear()
            sys.stdout.flush()


def _asked(words: list[str]) -> tuple[str | None, Matchers]:
    """The step and the matchers; either may be missing."""
    step = words[0] if words and words[0] in STEPS else None
    rest = words[1:] if step else words
    if rest and not any(sign in rest[0] for sign in "=~"):
        raise WinnowError(
            f"expected a step ({', '.join(STEPS)}) or matchers such as 'name=\"X\"', got {rest[0][:40]!r}"
        )
    return step, parse(",".join(rest))


def _width() -> int | None:
    return None if sys.stdout.isatty() else WIDTH_CHARS


def people(console: Console) -> Callable[[Happening], None]:
    """What prints one line."""

    def show(one: Happening) -> None:
        console.print(line(one))

    return show


def line(one: Happening) -> Text:
    """Time, step and verdict, whom it is about, by which rule and for whom."""
    at = f"{datetime.fromtimestamp(one.at_ms / 1000, UTC).astimezone():%H:%M:%S.%f}"[:-3]
    about = f"{printable(one.name) or '(name unknown)'} {one.status}".rstrip()
    parts = [
        f"severity {one.severity}" if one.severity and one.step != "classify" else "",
        f"by {one.rule}" if one.rule else "",
        f"-> {', '.join(one.targets)}" if one.targets else "",
        f"({one.detail[:_DETAIL_MAX_CHARS]})" if one.detail else "",
    ]
    return Text.assemble(
        (f"{at}  ", "dim"),
        (f"{one.step:<9}", "cyan"),
        (f"{printable(one.verdict):<14}", _COLOURS.get(one.verdict, "")),
        f" {one.fingerprint}  ",
        (about, "bold"),
        printable("  " + "  ".join(part for part in parts if part)).rstrip(),
    )


def show_json(one: Happening) -> None:
    """Print one line of JSON."""
    fields = {**one._asdict(), "at": rfc3339(one.at_ms), "targets": list(one.targets)}
    # JSON in ASCII has one control character that is not escaped.
    sys.stdout.write(json.dumps(fields, ensure_ascii=True).replace(_DELETE, r"\u007f") + "\n")
