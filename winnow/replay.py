"""`winnow replay`: what another configuration would have done with the alerts of the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path  # noqa: TC003 typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.errors import WinnowError
from winnow import _candidate, _replay_page, _replay_report
from winnow._alert_file import EVERYTHING
from winnow._choice import Wishes
from winnow._compared import Comparison, Tally
from winnow._completing import targets
from winnow._moments import between, length, milliseconds
from winnow._questions import Questions
from winnow._recorded import Span
from winnow._rejudge import from_file, from_kafka
from winnow._resending import Range, Ways, resend

if TYPE_CHECKING:
    from alerts.config import Config
    from winnow._replay_report import Report

PANEL = "Time machine"
_LIMIT = 50
_SEND = "Sending for real"


class Shown(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


def replay(  # noqa: PLR0913, PLR0917 an option each
    since: Annotated[
        str | None,
        typer.Option(help="Accepted from then on: how long ago (2h), or RFC 3339; needed without --from-file."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Accepted before then: how long ago, or RFC 3339; default: now.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Judge as this file says; default: winnow.yaml.")] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Say what differs from what was decided then.")] = False,
    warm_up: Annotated[
        str | None, typer.Option(help="How long before --since to begin; default: twice dedup.window.")
    ] = None,
    from_file_: Annotated[
        Path | None,
        typer.Option(
            "--from-file", help="Alerts that `winnow export` wrote (-: stdin); --diff compares with winnow.yaml."
        ),
    ] = None,
    fail_on_diff: Annotated[bool, typer.Option("--fail-on-diff", help="Exit with 1 if anything differs.")] = False,
    max_not_compared: Annotated[
        int | None, typer.Option(min=0, help="With --fail-on-diff: exit with 2 if more could not be compared.")
    ] = None,
    output: Annotated[Shown, typer.Option("--output", "-o", help="For people, machines, or as a page.")] = Shown.TABLE,
    limit: Annotated[int, typer.Option(min=0, help="How many differences a table lists.")] = _LIMIT,
    ask_model: Annotated[
        bool,
        typer.Option("--ask-model", help="Ask the model about alerts that it has not answered on record."),
    ] = False,
    ask_all: Annotated[
        bool, typer.Option("--ask-all", help="Ask it about the others too: recorded answers do not count.")
    ] = False,
    send: Annotated[
        bool,
        typer.Option("--send", help="Send the notifications to --target once more, for real.", rich_help_panel=_SEND),
    ] = False,
    target: Annotated[
        str | None, typer.Option(help="Name of the target to tell.", autocompletion=targets, rich_help_panel=_SEND)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.", rich_help_panel=_SEND)] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and send nothing.", rich_help_panel=_SEND)
    ] = False,
    latest: Annotated[
        bool,
        typer.Option("--latest", help="Of each alert only what it came to in the end.", rich_help_panel=_SEND),
    ] = False,
    even_delivered: Annotated[
        bool,
        typer.Option("--even-delivered", help="Also what was delivered to it already.", rich_help_panel=_SEND),
    ] = False,
    even_superseded: Annotated[
        bool,
        typer.Option(
            "--even-superseded", help="Also what is older than what it was told of the alert.", rich_help_panel=_SEND
        ),
    ] = False,
    even_ended: Annotated[
        bool,
        typer.Option("--even-ended", help="Also as firing what was resolved after --until.", rich_help_panel=_SEND),
    ] = False,
    even_waiting: Annotated[
        bool,
        typer.Option(
            "--even-waiting",
            help="Also what is past its deadline without an end, though a rate may hold it back in the flow.",
            rich_help_panel=_SEND,
        ),
    ] = False,
) -> None:
    """Judge past alerts again, and say what would have happened.

    Nothing is sent, and nobody is asked: the webhooks in Kafka run through the steps of the flow again, and what a
    model said is on record. --ask-model asks for what is missing there, or was said by another model or of other
    texts, within the limits of classify.llm.

    With --send the target is sent what it was not told yet, under the ids it had and marked as replayed. It says first
    what would go, and asks. Interrupted, the same command goes on.

    Example: winnow replay --since 2h --config candidate.yaml --diff

    Exit codes:
        1: --fail-on-diff was given, and something differs; or --send, and some was given up, or you said no.
        2: It cannot be told or sent; --fail-on-diff, and nothing could be compared, or too much could not.
        143: Sending was ended by SIGTERM; the same command goes on, as after an interruption.
    """
    asked, asks_model = diff or fail_on_diff, ask_model or ask_all
    is_bound = max_not_compared is not None and not fail_on_diff
    _refuse(is_bound, "--max-not-compared: says when --fail-on-diff exits with 2, which is not given")
    if send:
        _refuse(
            asked or from_file_ is not None or output is Shown.HTML,
            "--send: not together with --diff, --fail-on-diff, --from-file or -o html",
        )
        live, candidate = _candidate.from_kafka(config, asks_model=asks_model)
        span = _span(since, until, warm_up, candidate)
        questions = _questions(candidate, span, ask_model=ask_model, ask_all=ask_all)
        wishes = Wishes(even_delivered, even_superseded, latest, even_waiting, even_ended)
        ways = Ways(yes=yes, dry_run=dry_run, as_json=output is Shown.JSON)
        resend(candidate, target, Range(span, live, questions), wishes, ways)
        return
    of_send = yes, dry_run, latest, even_delivered, even_superseded, even_waiting, even_ended
    _refuse(target is not None or any(of_send), "--target, --yes, --dry-run, --latest, --even-...: they go with --send")
    if from_file_ is not None:
        _refuse(
            since is not None or until is not None or warm_up is not None,
            "--from-file: the whole file is judged; --since, --until and --warm-up are for what lies in Kafka",
        )
        live, candidate = _candidate.from_file(
            config, is_compared=asked, must_differ=fail_on_diff, asks_model=asks_model
        )
        span = EVERYTHING
    else:
        live, candidate = _candidate.from_kafka(config, asks_model=asks_model)
        span = _span(since, until, warm_up, candidate)
    counting: Tally | Comparison = Comparison(span) if asked else Tally(span)
    questions = _questions(candidate, span, ask_model=ask_model, ask_all=ask_all)
    if from_file_ is not None:
        from_file(candidate, from_file_, live if asked else None, counting, questions)
    else:
        from_kafka(candidate, span, counting, questions=questions)
    report = _replay_report.held_against(_replay_report.of(span, counting, questions), live, candidate)
    _write(report, output, limit)
    if fail_on_diff:
        _judge(report, max_not_compared)


def _refuse(is_wrong: bool, why: str) -> None:
    if is_wrong:
        raise WinnowError(why)


def _judge(report: Report, most: int | None) -> None:
    """End with 1 if anything differs, with 2 if nothing could, or more could not than `most`."""
    if report.differs:
        raise typer.Exit(1)
    if report.is_blind or (most is not None and report.not_compared > most):
        told = "nothing was compared" if report.is_blind else f"{report.not_compared} were not compared"
        raise WinnowError(
            f"--fail-on-diff: {told}: of {report.not_recorded} alert events no decision is kept, of "
            f"{report.not_kept} decisions no webhook; choose another --since, or look at what the flow has read "
            "and Kafka keeps (winnow doctor)"
        )


def _questions(config: Config, span: Span, *, ask_model: bool, ask_all: bool) -> Questions | None:
    if not ask_model and not ask_all:
        return None
    if config.classify.llm is None:
        raise WinnowError("--ask-model: the configuration that judges names no model (classify.llm)")
    return Questions(config.classify.llm, span, asks_all=ask_all)


def _span(since: str | None, until: str | None, warm_up: str | None, config: Config) -> Span:
    if since is None:
        raise WinnowError("--since: expected how long ago (2h) or a time; or a file with --from-file")
    begin, end = between(since, until or "0s", datetime.now(UTC))
    # What dedup remembers counts for two windows.
    warm = 2 * config.dedup.window if warm_up is None else length("--warm-up", warm_up)
    begin_ms = milliseconds(begin)
    return Span(max(0, begin_ms - warm // timedelta(milliseconds=1)), begin_ms, milliseconds(end))


def _write(report: Report, output: Shown, limit: int) -> None:
    if output is Shown.JSON:
        _replay_report.write_plain(report)
    elif output is Shown.HTML:
        _replay_page.write(report)
    else:
        _replay_report.write(report, limit)
