"""A model for tests that answers when it is told to, and what a step needs to ask it; the clock is told the time."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from alerts.advice import Answer, Template
from alerts.config_llm import Llm
from alerts.decision import Severity
from connectors.llm import Reply, Tried
from flows.plumbing.asking import Asking, Process
from flows.plumbing.background import Background, Wake
from flows.plumbing.pending import Pending
from tests.support.events import NOW_MS

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER = Answer(
    Severity.CRITICAL, "database", 0.9, "The primary is down.", ("Fail over",), "small", "1-0", 100, 40, NOW_MS
)


def settings(**changes: object) -> Llm:
    """A model nobody listens for."""
    return Llm.model_validate({"base_url": "http://127.0.0.1:1/v1", "model": "small", **changes})


class Scripted:
    """Answers each question with `answer` (None: fails) once it `may_answer`."""

    def __init__(self, answer: Answer | None = ANSWER, *, may_answer: bool = True) -> None:
        self.answer = answer
        self.may_answer = threading.Event()
        if may_answer:
            self.may_answer.set()
        self.asked: list[Template] = []

    async def ask(self, template: Template, tried: Callable[[Tried], None], may_go_on: Callable[[], bool]) -> Reply:
        """One question."""
        self.asked.append(template)
        while not self.may_answer.is_set():  # noqa: ASYNC110 a thread sets it
            await asyncio.sleep(0.001)
        tried(Tried(self.answer is None, 100, 0))
        return Reply(self.answer, "" if self.answer else "answered 500")


class Watch:
    """A clock that is told the time."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


class Desk:
    """All that one process has for asking."""

    def __init__(self, model: Scripted, **changes: object) -> None:
        self.model = model
        self.clock = Watch()
        self.wake = Wake()
        self.pending = Pending(1000)
        self.is_ending = False
        process = Process(Background(self.wake), self.pending, self.clock, lambda: self.is_ending)
        self.asking = Asking(settings(**changes), model.ask, process)
