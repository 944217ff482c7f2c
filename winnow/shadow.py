"""`winnow shadow`: what the candidate decides beside what runs, and whether it may take over."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from alerts.errors import WinnowError
from connectors.candidate import candidate, candidate_file
from connectors.configuration import load
from connectors.terminal import printable
from flows.verdict import Verdict
from winnow import _shadow_report
from winnow._interrupt import Interrupt
from winnow._moments import length, milliseconds, moment
from winnow._output import Output, write_lines
from winnow._shadow_report import Sides
from winnow._shadowed import shadowed

if TYPE_CHECKING:
    from alerts.config import Config
    from winnow._shadow_report import Told

PANEL = "Time machine"
_LIMIT = 50
_LEAST = timedelta(seconds=1)
_LOOK_EVERY_S = 0.2
_EXITS = {Verdict.WITHIN: 0, Verdict.BEYOND: 1, Verdict.UNKNOWN: 2}


def shadow(
    since: Annotated[
        str | None,
        typer.Option(help="Accepted from then on: how long ago (2h), or RFC 3339; default: since it began."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on, and draw it anew, until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option(help="How often --watch looks.")] = "5s",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
    limit: Annotated[int, typer.Option(min=0, help="How many differences a table lists.")] = _LIMIT,
) -> None:
    """Compare the candidate with what runs, against limits.

    The candidate is the file that winnow.yaml names under `shadow`: the flow judges by it too, and tells nobody. The
    totals of both are printed, what differs, and whether that is within the limits.

    Example: winnow shadow --since 1h

    Exit codes:
        1: The candidate is beyond a limit.
        2: It cannot be told: too little was compared, or there is no candidate or no broker.
    """
    pause = length("--every", every)
    if pause < _LEAST:
        raise WinnowError(f"--every: expected at least 1s, got {every[:40]!r}")
    if watch and output is Output.JSON:
        raise WinnowError("--watch: draws for people; without it -o json prints what is known now")
    config = load(needs_sources=False)
    told = _told(config, since)
    if watch:
        _watch(config, since, pause, told)
    elif output is Output.JSON:
        _shadow_report.write_plain(told)
    else:
        _shadow_report.write(told, limit)
    raise typer.Exit(_EXITS[told.verdict])


def _told(config: Config, since: str | None, *, is_shown: bool = True) -> Told:
    """What is known now.

    Raises:
        ConfigError: There is no candidate, or it cannot be used.
        KafkaError: A topic is missing, or no broker answers.
    """
    other, file = candidate(config), candidate_file(config)
    if other is None or file is None or config.shadow is None:
        raise WinnowError(
            "there is no candidate: name its file in winnow.yaml (shadow: candidate.yaml) and restart the flow"
        )
    since_ms = 0 if since is None else milliseconds(moment("--since", since, datetime.now(UTC)))
    sides = Sides(str(file), other, config, config.shadow)
    return _shadow_report.of(sides, shadowed(config.kafka, sides.pair, since_ms, is_shown=is_shown))


def _watch(config: Config, since: str | None, pause: timedelta, told: Told) -> None:
    """Draw it again and again; without a terminal, print what was measured and the verdict."""
    console = Console(highlight=False)
    is_drawn, took_s = sys.stdout.isatty(), 0.0
    with (
        Interrupt() as interrupt,
        Live(console=console, auto_refresh=False, screen=True) if is_drawn else nullcontext() as screen,
    ):
        while True:
            if screen is None:
                write_lines([*_shadow_report.ending(told), ""])
                sys.stdout.flush()
            else:
                lines = _shadow_report.drawn(told, console.height)
                screen.update(Text("\n".join(map(printable, lines)), no_wrap=True), refresh=True)
            # Each time it reads all of it again: no more than half of the time.
            _rest(max(pause.total_seconds(), took_s), interrupt)
            began = time.monotonic()
            told = _told(config, since, is_shown=False)
            took_s = time.monotonic() - began


def _rest(pause_s: float, interrupt: Interrupt) -> None:
    until = time.monotonic() + pause_s
    while time.monotonic() < until:
        interrupt.check()
        time.sleep(_LOOK_EVERY_S)
