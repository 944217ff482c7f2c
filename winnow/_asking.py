"""Asks the configured model many questions at once, within what winnow.yaml lets it cost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from alerts.advice import How
from connectors.llm import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alerts.advice import Answer, Template
    from alerts.config_llm import Llm
    from connectors.llm import Tried

_MINUTE_S = 60.0
# So many questions in a row without an answer, and the model is taken for dead: the flow's breaker opens after five.
_FAILED_MAX = 5


class Heard(NamedTuple):
    """What came of the questions."""

    answers: dict[str, Answer]
    """By template."""
    silent: dict[str, How]
    """By template, why there is none."""
    errors: Counter[str]
    calls: int
    tokens: int


def ask(
    settings: Llm, templates: Sequence[Template], show: Callable[[int], None], minute_s: float = _MINUTE_S
) -> Heard:
    """What the model says of each.

    Args:
        settings: Which model, and its limits: calls and new templates a minute, calls and tokens a day (all that is
            asked here counts as one day's), how many at a time. Nobody waits, so what is too much for a minute waits
            for the next; what is too much for a day is not asked, and nothing more once the model asks to be left
            alone for longer than a minute.
        templates: What to ask about.
        show: Told how many are settled.
        minute_s: How long a minute is.
    """
    return asyncio.run(_Asking(settings, show, minute_s).run(templates))


class _Asking:
    def __init__(self, settings: Llm, show: Callable[[int], None], minute_s: float) -> None:
        self._settings, self._show, self._minute_s = settings, show, minute_s
        self._calls_s: deque[float] = deque()
        """When each call of the last minute was made, and each question was begun."""
        self._begun_s: deque[float] = deque()
        self._held_until_s = 0.0
        self._is_sent_away = False
        """The model does not want to be asked for longer than anybody would wait here."""
        self._calls = self._tokens = self._failed = self._begun = 0
        self._answers: dict[str, Answer] = {}
        self._silent: dict[str, How] = {}
        self._errors: Counter[str] = Counter()

    async def run(self, templates: Sequence[Template]) -> Heard:
        model = Model(self._settings)
        turn = asyncio.Semaphore(self._settings.max_concurrent)
        try:
            async with asyncio.TaskGroup() as tasks:
                for template in templates:
                    await turn.acquire()
                    await self._wait()
                    why = self._objection()
                    if why is not None:
                        turn.release()
                        self._settle(template.id, None, why)
                        continue
                    self._begin()
                    tasks.create_task(self._ask(model, template, turn))
        finally:
            await model.close()
        return Heard(self._answers, self._silent, self._errors, self._calls, self._tokens)

    async def _ask(self, model: Model, template: Template, turn: asyncio.Semaphore) -> None:
        is_first, pause_s = True, 0.0

        def tried(one: Tried) -> None:
            nonlocal is_first, pause_s
            if not is_first:  # the first was counted when it was begun
                self._count_call()
            is_first = False
            self._tokens += one.tokens
            pause_s = one.retry_after_ms / 1000
            self._held_until_s = max(self._held_until_s, time.monotonic() + pause_s)
            self._is_sent_away = self._is_sent_away or pause_s > self._minute_s

        try:
            reply = await model.ask(template, tried, lambda: self._objection() is None)
        finally:
            turn.release()
        self._failed = 0 if reply.answer else self._failed + 1
        if reply.answer is None:
            is_last = pause_s > self._minute_s
            self._errors[f"{reply.error}: not to be asked for {pause_s:.0f} s" if is_last else reply.error] += 1
        self._settle(template.id, reply.answer, How.FAILED)

    def _settle(self, template: str, answer: Answer | None, why: How) -> None:
        if answer is None:
            self._silent[template] = why
        else:
            self._answers[template] = answer
        self._show(len(self._answers) + len(self._silent))

    def _begin(self) -> None:
        self._begun_s.append(time.monotonic())
        self._count_call()

    def _count_call(self) -> None:
        self._calls += 1
        self._calls_s.append(time.monotonic())

    def _objection(self) -> How | None:
        """Why nothing more is asked at all."""
        if self._failed >= _FAILED_MAX or self._is_sent_away:
            return How.HELD_BACK
        calls_max, tokens_max = self._settings.calls_per_day, self._settings.tokens_per_day
        is_spent = calls_max is not None and self._calls >= calls_max
        return How.OVER_BUDGET if is_spent or (tokens_max is not None and self._tokens >= tokens_max) else None

    async def _wait(self) -> None:
        """Until the minute has room, and the model lets itself be asked."""
        while self._objection() is None and (pause_s := self._pause_s()) > 0:  # noqa: ASYNC110 for time to pass
            await asyncio.sleep(pause_s)

    def _pause_s(self) -> float:
        now_s = time.monotonic()
        rooms = (
            (self._calls_s, self._settings.calls_per_minute),
            (self._begun_s, self._settings.new_templates_per_minute),
        )
        pauses = [self._held_until_s - now_s]
        for moments, at_most in rooms:
            while moments and now_s - moments[0] >= self._minute_s:
                moments.popleft()
            if len(moments) >= at_most:
                pauses.append(moments[0] + self._minute_s - now_s)
        return max(pauses)
