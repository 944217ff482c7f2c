"""`winnow replay --send`: says what would go to a target, asks, sends it, and says what became of it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alerts.alert import Status
from alerts.config_tree import hint
from alerts.errors import WinnowError
from alerts.instant import rfc3339
from connectors.terminal import printable
from winnow._choice import Why
from winnow._on_record import Recent
from winnow._output import write_json
from winnow._questions import lines, plain
from winnow._rejudge import from_kafka
from winnow._resend import Resend
from winnow._sending import Gone, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from alerts.config import Config, Target
    from winnow._choice import Wishes
    from winnow._questions import Questions
    from winnow._recorded import Span
    from winnow._resend import Plan

# Beyond its deadline a delivery has one more try, and its outcome has to be written: `winnow ledger` allows as much.
_MARGIN = timedelta(minutes=15)
_INTERRUPTED = 128
_REASONS_MAX = 20
_ERROR_MAX_CHARS = 200


class Ways(NamedTuple):
    """How it goes about it."""

    yes: bool
    """Not to ask."""
    dry_run: bool
    """To send nothing."""
    as_json: bool
    """For machines: standard output holds one object, at the end."""


class Range(NamedTuple):
    """Which alerts."""

    span: Span
    live: Config
    """How the flow sends."""
    questions: Questions | None = None
    """What the model is asked about them; None: nothing."""


def resend(config: Config, name: str | None, asked: Range, wishes: Wishes, ways: Ways) -> None:
    """Send what this range holds for a target to it, once this is confirmed.

    Raises:
        WinnowError: There is no such target, or nobody who could be asked.
        KafkaError: A topic is missing, no broker answers, or does not confirm what became of a notification.
        typer.Exit: With 1 if some were given up or were not wanted, with 130 or 143 if it was interrupted.
    """
    target = _target(config, name)
    is_asked = not ways.yes and not ways.dry_run
    if is_asked and not sys.stdin.isatty():
        raise WinnowError("--send: nobody is there to ask; --yes sends without asking, --dry-run says what would go")
    plan = _planned(config, target, asked, wishes)
    _say(_announced(target, asked, plan), ways)
    if ways.dry_run or not plan.going:
        _report(target, asked, plan, Gone(left=len(plan.going)), ways)
        return
    if is_asked and not typer.confirm(f"Send {_counted(len(plan.going))} to {target.name} now?", err=ways.as_json):
        _say(["nothing was sent"], ways)
        raise typer.Exit(1)
    if is_asked:
        confirmed, plan = plan, _still_wanted(plan, _planned(config, target, asked, wishes))
        if len(plan.going) < len(confirmed.going):
            _say([_line("told meanwhile, left out", len(confirmed.going) - len(plan.going))], ways)
    with _progress(len(plan.going)) as show:
        gone = send(config, target, plan.going, show)
    _say(_concluded(gone), ways)
    _report(target, asked, plan, gone, ways)
    if gone.signal:
        raise typer.Exit(_INTERRUPTED + gone.signal)
    if gone.given_up:
        raise typer.Exit(1)


def _planned(config: Config, target: Target, asked: Range, wishes: Wishes) -> Plan:
    recent = _recent((asked.live, config), target.name, wishes)
    chosen = Resend(target, asked.span, recent, config.kafka.partitions, wishes)
    from_kafka(config, asked.span, chosen, chosen, asked.questions)
    return chosen.plan()


def _still_wanted(confirmed: Plan, now: Plan) -> Plan:
    """What was confirmed, without what the target was told while somebody thought about it, or what is too late now."""
    ids = {delivery.id for delivery in confirmed.going}
    return now._replace(going=[delivery for delivery in now.going if delivery.id in ids])


def _target(config: Config, name: str | None) -> Target:
    known = {target.name: target for target in config.targets}
    names = ", ".join(known) or "none"
    if name is None:
        raise WinnowError(f"--send: --target says to whom; targets: {names}")
    if name not in known:
        raise WinnowError(f"--target: no target is named {name[:100]!r}{hint(name, known)} (targets: {names})")
    if not known[name].enabled:
        raise WinnowError(f"--target: {name} is disabled (enabled: false), nothing is planned for it")
    return known[name]


def _recent(sending: Sequence[Config], name: str, wishes: Wishes) -> Recent:
    """Since when the flow may be at work on something for this target, as any of these configurations has it send."""
    patience, has_rate = timedelta(0), False
    for config in sending:
        deadline = max(config.publish.deadline.critical, config.publish.deadline.others)
        of_name = [target for target in config.targets if target.name == name]
        # The fallback has as long again.
        has_fallback = any(target.fallback for target in of_name)
        patience = max(patience, deadline * (1 + has_fallback))
        has_rate = has_rate or any(target.rate is not None for target in of_name)
    young_ms = time.time_ns() // 1_000_000 - (patience + _MARGIN) // timedelta(milliseconds=1)
    # What a rate holds back waits beyond its deadline, until its turn comes.
    return Recent(young_ms, 0 if has_rate and not wishes.waiting else young_ms)


def _announced(target: Target, asked: Range, plan: Plan) -> Iterator[str]:
    span = asked.span
    yield f"to {target.name} ({target.kind}), accepted {rfc3339(span.since_ms)} to {rfc3339(span.until_ms)}"
    if asked.questions is not None:
        yield from (_line(printable(name), count) for name, count in lines(asked.questions))
    firing = _firing(plan)
    yield _line("would go", len(plan.going))
    yield _line("  firing", firing)
    if plan.resolved_later:
        yield _line("    of which are resolved by another of these", plan.resolved_later)
    yield _line("  resolved", len(plan.going) - firing)
    if plan.going:
        first, last = (rfc3339(plan.going[place].alert.envelope.accepted_ms) for place in (0, -1))
        yield f"  the first accepted {first}, the last {last}"
    if plan.going and plan.newest.error:
        why = printable(plan.newest.error[:_ERROR_MAX_CHARS])
        yield f"  the newest delivery to it failed at {rfc3339(plan.newest.ended_ms)}: {why}"
        yield "  what fails again is one more dead letter: `winnow doctor` looks whether it can be reached"
    for why, count in sorted(plan.left.items()):
        yield _line(f"left out: {why.value}", count)
    if target.rate is not None and plan.left[Why.UNDER_WAY]:
        yield "  with a rate that may take longer than the deadline; --even-waiting sends what is past it"


def _concluded(gone: Gone) -> Iterator[str]:
    yield _line("delivered", gone.delivered)
    if gone.given_up:
        yield _line("given up, each is a dead letter", sum(gone.given_up.values()))
        for reason, count in Counter(gone.given_up).most_common(_REASONS_MAX):
            yield _line(f"  {printable(reason)}", count)
    if gone.signal:
        if gone.left:
            yield _line("interrupted, not sent yet", gone.left)
            yield "the same command goes on from here"
        else:
            yield "interrupted, but nothing is left to send"


def _report(target: Target, asked: Range, plan: Plan, gone: Gone, ways: Ways) -> None:
    """All of it for machines."""
    if not ways.as_json:
        return
    firing = _firing(plan)
    moments = [rfc3339(delivery.alert.envelope.accepted_ms) for delivery in plan.going]
    write_json(
        {
            "target": target.name,
            "since": rfc3339(asked.span.since_ms),
            "until": rfc3339(asked.span.until_ms),
            **({} if asked.questions is None else {"model": plain(asked.questions)}),
            "going": {
                "firing": firing,
                "resolved": len(plan.going) - firing,
                "resolved_later": plan.resolved_later,
                "first_at": next(iter(moments), None),
                "last_at": next(reversed(moments), None),
            },
            "left_out": {why.value: count for why, count in sorted(plan.left.items())},
            "delivered": gone.delivered,
            "given_up": dict(Counter(gone.given_up).most_common()),
            "not_sent": gone.left,
            "interrupted": bool(gone.signal),
        }
    )


def _firing(plan: Plan) -> int:
    return sum(delivery.alert.status is Status.FIRING for delivery in plan.going)


def _counted(count: int) -> str:
    return "1 notification" if count == 1 else f"{count:,} notifications"


def _line(name: str, count: int) -> str:
    return f"{name:<48} {count:>12,}"


def _say(said: Iterator[str] | list[str], ways: Ways) -> None:
    """For people, as it happens; where machines read standard output, beside it."""
    out = sys.stderr if ways.as_json else sys.stdout
    for line in said:
        out.write(line + "\n")
    out.flush()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Gone], None]]:
    """Shows on a terminal how far it is, and what holds it back; elsewhere only that it was interrupted."""
    is_told = False

    def told(gone: Gone, console: Console) -> None:
        nonlocal is_told
        if gone.signal and not is_told:
            console.print("interrupted: waiting for the answers to what is under way; once more does not wait")
        is_told = bool(gone.signal)

    if not sys.stderr.isatty():
        yield lambda gone: told(gone, Console(stderr=True))
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("sending", total=total)

        def show(gone: Gone) -> None:
            told(gone, shown.console)
            lost = sum(gone.given_up.values())
            given_up = f", {lost:,} given up" if lost else ""
            held_back = f", held back: {printable(gone.held_back)}" if gone.held_back else ""
            words = "ending what is under way" if gone.signal else "sending"
            done = gone.delivered + lost
            shown.update(task, completed=done, description=f"{words}{given_up}{held_back}")

        yield show
