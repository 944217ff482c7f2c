"""`winnow doctor`: whether everything around Winnow is as it should be."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path  # noqa: TC003 typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.errors import WinnowError
from alerts.finding import Finding, State
from connectors.configuration import load
from connectors.kafka.topics import topics
from connectors.redaction import redacted
from connectors.terminal import printable
from winnow import _examine_kafka as of_kafka
from winnow import _examine_others as others
from winnow._moments import length
from winnow._output import WIDTH_CHARS, Output, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.config import Config
    from connectors.kafka.facts import Facts

PANEL = "Operate it"
_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red", State.SKIPPED: "dim"}
_LEAST, _MOST = timedelta(milliseconds=100), timedelta(minutes=5)
# What is asked has its own timeout; beyond that something hangs that should not.
_GRACE_S = 2.0


class _Asking:
    """One examination, in a thread of its own that nobody has to wait for."""

    def __init__(self, check: str, ask: Callable[[], list[Finding]]) -> None:
        self._check = check
        self._ask = ask
        self._found: list[Finding] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def findings(self, timeout_s: float) -> list[Finding]:
        """What was found; that it hangs, if it has found nothing until then."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return [Finding(self._check, State.FAILED, f"no answer within {timeout_s:g} s", "see what keeps it")]
        return self._found

    def _run(self) -> None:
        try:
            self._found = self._ask()
        except Exception as error:  # noqa: BLE001 one examination that breaks must not end the others
            todo = "a fault of Winnow's: please tell us"
            self._found = [Finding(self._check, State.FAILED, f"{type(error).__name__}: {error}", todo)]


def doctor(
    recovery: Annotated[
        Path | None,
        typer.Option("--recovery-directory", "-r", help="The directory that the flow is given as -r."),
    ] = None,
    timeout: Annotated[str, typer.Option(help="How long each check may take.")] = "5s",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Check Kafka, clocks, targets and more, and say what to do.

    Also topics, lag, model and recovery directory. Nobody is sent anything: targets are connected to, by the rules that
    hold for deliveries, and the connection is closed again.

    Example: winnow doctor -r state -o json

    Exit codes:
        0: No check has failed; there may be warnings.
        1: A check has failed.
    """
    given = length("--timeout", timeout)
    if not _LEAST <= given <= _MOST:
        raise WinnowError(f"--timeout: expected 100ms to 5m, got {timeout[:40]!r}")
    findings = [_safe(one) for one in examined(load(needs_sources=False), recovery, given.total_seconds())]
    if output is Output.JSON:
        write_json([one._asdict() for one in findings])
    else:
        _print(findings)
    if any(one.state is State.FAILED for one in findings):
        raise typer.Exit(1)


def examined(config: Config, recovery: Path | None, timeout_s: float) -> list[Finding]:
    """All findings, in the order of an alert's way; it takes little more than twice `timeout_s`."""
    beside = [
        _Asking(others.MODEL, lambda: others.model(config.classify.llm, timeout_s)),
        _Asking(others.RECOVERY, lambda: others.recovery(recovery, config.kafka.partitions)),
    ]
    kafka: list[of_kafka.Examined] = []

    def ask_kafka() -> list[Finding]:
        more = [str(getattr(one, "topic", "")) for one in config.targets]
        kafka.append(of_kafka.examine(config, [name for name in more if name], timeout_s))
        return kafka[0].findings

    findings = _Asking(of_kafka.KAFKA, ask_kafka).findings(2 * timeout_s + _GRACE_S)
    after = [*_of_facts(config, kafka[0].facts if kafka else None, timeout_s), *beside]
    # One moment for all of them: each further one has only what is left.
    until_s = time.monotonic() + 2 * timeout_s + _GRACE_S
    for asking in after:
        findings += asking.findings(max(0.0, until_s - time.monotonic()))
    return findings


def _of_facts(config: Config, facts: Facts | None, timeout_s: float) -> Iterator[_Asking]:
    """What is asked when the topics are known."""
    names = topics(config.kafka)
    webhooks = None if facts is None else facts.topics.get(names.webhooks)
    yield _Asking("flow", lambda: of_kafka.lag(config, webhooks, timeout_s))
    for name in (names.webhooks, names.decisions):
        yield _Asking(f"clocks ({name})", lambda name=name: of_kafka.clock(config, name, facts, timeout_s))  # type: ignore[misc]
    there = None if facts is None else frozenset(facts.topics)
    for one in config.targets:
        yield _Asking(f"target {one.name}", lambda one=one: others.target(one, there, timeout_s))  # type: ignore[misc]


def _safe(one: Finding) -> Finding:
    """Without secrets."""
    return one._replace(found=redacted(one.found), todo=redacted(one.todo))


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_CHARS)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=12)
    table.add_column(overflow="fold", ratio=1)
    for one in findings:
        told = Text(printable(one.found))
        if one.todo and one.state is not State.OK:
            told.append(f"\n-> {printable(one.todo)}", style="italic")
        table.add_row(Text(one.state, style=_COLOURS[one.state]), Text(printable(one.check), style="bold"), told)
    console.print(table)
    counts = Counter(one.state for one in findings)
    console.print(", ".join(f"{counts[state]} {state}" for state in State if counts[state]))
