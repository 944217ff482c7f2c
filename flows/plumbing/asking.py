"""Has a model asked in the background; one for all partitions of a process, used by the worker's thread only."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import structlog

from alerts.advice import Advice, How
from alerts.alert import Status
from alerts.decision import Severity
from connectors.llm import Reply, Tried
from flows import metrics
from flows.governor import Governor
from flows.plumbing.rows import failed
from flows.templates import Templates
from flows.told import NOTHING

if TYPE_CHECKING:
    from datetime import timedelta

    from alerts.advice import Template
    from alerts.alert import Alert
    from alerts.config_llm import Llm
    from alerts.decision import Classification
    from flows.governor import Kept
    from flows.plumbing.background import Background, Work
    from flows.plumbing.pending import Pending

Clock = Callable[[], int]
Ask = Callable[["Template", Callable[[Tried], None], Callable[[], bool]], Awaitable[Reply]]

log = structlog.get_logger()

_RESOLVED = Status.RESOLVED


# Texts not seen before cost a tenth of a millisecond, hostile ones ten times that; all other alerts wait meanwhile.
_WORK_MAX_S = 0.2
_WORK_WINDOW_MS = 1000


class Process(NamedTuple):
    """What a process has for all that it asks."""

    background: Background
    """Where questions are put."""
    pending: Pending
    """Alerts that wait for answers are part of it."""
    clock: Clock
    """See `steady_clock`."""
    is_ending: Callable[[], bool] = lambda: False
    """Whether it is about to end: a call that failed is then not made again."""


class Adviser(Protocol):
    """What the step that classifies needs of a model: one asked now, or answers of the past (`flows.recorded`)."""

    pending: Pending
    waiting: int
    """Alerts that wait, of all partitions; kept by those who let them wait."""

    @property
    def is_ending(self) -> bool:
        """Whether nobody shall wait any more, for the process is about to end."""
        raise NotImplementedError

    def now_ms(self) -> int:
        """The clock of all waiting."""
        raise NotImplementedError

    def wait_ms(self, weighed: Classification) -> int:
        """How long an alert that the rules weigh so may wait."""
        raise NotImplementedError

    def advice(self, alert: Alert, owner: str, now_ms: int) -> tuple[str, Advice | None]:
        """An alert's template, and what is said of it; None: that is on its way, and the alert may wait for it."""
        raise NotImplementedError

    def settled(self, template: str, now_ms: int) -> Advice | None:
        """What came of waiting for a template; None: nothing so far."""
        raise NotImplementedError

    def poll(self) -> None:
        """Go on: take back what has come back, ask what is to be asked."""
        raise NotImplementedError

    def is_busy(self, owner: str) -> bool:
        """Whether something is under way for this owner, so that it has to poll."""
        raise NotImplementedError

    def keep(self, owner: str) -> Kept | None:
        """What a snapshot of this owner holds."""
        raise NotImplementedError

    def restore(self, owner: str, kept: Kept) -> None:
        """Take on what a snapshot of this owner held."""
        raise NotImplementedError


class Asking(Adviser):
    """Knows what a model said, and asks it what nobody has asked."""

    def __init__(self, settings: Llm, ask: Ask, process: Process) -> None:
        """Prepare to have questions put by `ask`; nothing is asked before an alert wants it."""
        self._clock = process.clock
        self.pending = process.pending
        self._templates = Templates(settings)
        self._ask = ask
        self._background = process.background
        self._back: deque[Callable[[], None]] = deque()
        """What the background has to tell; taken by the worker's thread."""
        self.governor = Governor(settings)
        # Bound once: this is asked for each alert.
        self._known, self._answer = self._templates.known, self.governor.advice
        self._deadline_ms = _ms(settings.deadline)
        self._critical_ms = _ms(settings.critical_wait)
        self._is_ending = process.is_ending
        self.waiting = 0
        self._making = _Making()

    @property
    def is_ending(self) -> bool:
        """Whether the process is about to end."""
        return self._is_ending()

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self._clock()

    def wait_ms(self, weighed: Classification) -> int:
        """The deadline of critical alerts, or of the others."""
        return self._critical_ms if weighed.severity is Severity.CRITICAL else self._deadline_ms

    def advice(self, alert: Alert, owner: str, now_ms: int) -> tuple[str, Advice | None]:
        """An alert's template, and what the model says of it; None if it has been asked and the alert may wait."""
        if alert.status is _RESOLVED:
            # It goes where its firing went, and waits for nobody.
            return "", NOTHING
        try:
            template = self._known(alert)
            if template is None:
                if self._making.is_too_much(now_ms):
                    return "", Advice("", How.STORM, None)
                with self._making:
                    template = self._templates.of(alert)
        except Exception as error:  # noqa: BLE001 without a template the rules decide
            failed("classify", error)
            return "", Advice("", How.FAILED, None)
        known = self._answer(template.id, now_ms)
        if known is not None:
            return template.id, known
        why = self.governor.ask(template, owner, now_ms)
        return template.id, None if why is None else Advice(template.id, why, None)

    def settled(self, template: str, now_ms: int) -> Advice | None:
        """What came of waiting for a template; None: nothing so far."""
        if self.governor.is_awaited(template):
            return None
        known = self.governor.advice(template, now_ms)
        if known is not None:
            return known._replace(how=How.ANSWERED)
        return Advice(template, self.governor.objection(template, now_ms) or How.FAILED, None)

    def poll(self) -> None:
        """Take back what has come back, and ask what is to be asked."""
        self._background.check()
        while self._back:
            self._back.popleft()()
        works = [self._work(template, owner) for template, owner in self.governor.take(self.now_ms())]
        if works:
            self._background.submit(works)
        metrics.llm_cached.set(len(self.governor))
        metrics.llm_held_back.set(self.governor.is_held_back)

    def is_busy(self, owner: str) -> bool:
        """Whether something this owner had asked has not come back."""
        return self.governor.is_busy(owner)

    def keep(self, owner: str) -> Kept:
        """Its answers, and what of the day's budget they took."""
        return self.governor.keep(owner)

    def restore(self, owner: str, kept: Kept) -> None:
        """Know again what was known."""
        self.governor.restore(owner, kept, self.now_ms())

    def _may_go_on(self) -> bool:
        return not self.is_ending and not self.governor.is_held_back

    def _work(self, template: Template, owner: str) -> Work:
        async def work() -> None:
            calls = 0

            def tried(one: Tried) -> None:
                nonlocal calls
                calls += 1
                self._back.append(partial(self._tried, one, owner, is_first=calls == 1))
                self._background.done()

            try:
                reply = await self._ask(template, tried, self._may_go_on)
            except Exception as error:  # a bug: without a reply its alerts would wait for their deadline
                log.exception("ask_raised", error=type(error).__name__)
                reply = Reply(None, f"could not be asked: {type(error).__name__}")
            self._back.append(partial(self._came_back, template.id, reply))
            self._background.done()

        return work

    def _tried(self, one: Tried, owner: str, *, is_first: bool) -> None:
        now_ms = self.now_ms()
        was_held_back = self.governor.is_held_back
        if not is_first:
            self.governor.called_again(now_ms)
        self.governor.tried(
            owner, now_ms, has_failed=one.has_failed, tokens=one.tokens, retry_after_ms=one.retry_after_ms
        )
        metrics.llm_calls.labels(outcome="failed" if one.has_failed else "answered").inc()
        metrics.llm_tokens.inc(one.tokens)
        if self.governor.is_held_back is not was_held_back:
            log.warning("model_back" if was_held_back else "model_held_back")

    def _came_back(self, template: str, reply: Reply) -> None:
        self._background.took_back(1)
        self.governor.ended(template, reply.answer, self.now_ms())
        if reply.answer is None:
            log.warning("model_did_not_answer", template=template, error=reply.error)
        else:
            metrics.llm_seconds.observe(reply.answer.took_ms / 1000)


class _Making:
    """What making templates may take of the processor in a second: beyond that, new texts are left to the rules."""

    def __init__(self) -> None:
        self._since_ms = 0
        self._took_s = 0.0
        self._began_s = 0.0

    def is_too_much(self, now_ms: int) -> bool:
        if not 0 <= now_ms - self._since_ms < _WORK_WINDOW_MS:
            self._since_ms, self._took_s = now_ms, 0.0
        return self._took_s >= _WORK_MAX_S

    def __enter__(self) -> None:
        self._began_s = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self._took_s += time.thread_time() - self._began_s


def steady_clock() -> Clock:
    """Milliseconds since the epoch by a clock that never jumps: that of now, and what has passed since."""
    begun_ms = time.time_ns() // 1_000_000 - time.monotonic_ns() // 1_000_000
    return lambda: begun_ms + time.monotonic_ns() // 1_000_000


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
