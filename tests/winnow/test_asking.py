"""Many questions at once: within the limits of a minute and a day, a few at a time, and not of a dead model."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from alerts.advice import How, Template
from alerts.config_llm import Llm
from connectors.fake_model import FakeModel
from winnow._asking import Heard, ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connectors.fake_model import Answered, Asked

MINUTE_S = 0.4
QUESTIONS = [Template(f"{number:016x}", (("alertname", f"Postgres{number}"),), ()) for number in range(9)]


class Model(FakeModel):
    """Notes when it was asked, and how many ask at once; says what it is told to."""

    def __init__(self, *statuses: int, retry_after: str = "") -> None:
        self._headers = {"retry-after": retry_after} if retry_after else {}
        self.moments_s: list[float] = []
        self.at_once = self.most = 0
        self._statuses = list(statuses)
        super().__init__("127.0.0.1:0")

    def respond(self, asked: Asked) -> Answered:
        self.moments_s.append(time.monotonic())
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.closing.wait(0.02)
        answer = super().respond(asked)
        self.at_once -= 1
        if not self._statuses:
            return answer
        return answer._replace(status=self._statuses.pop(0), headers=answer.headers | self._headers)


@contextmanager
def heard(
    *statuses: int,
    questions: Sequence[Template] = QUESTIONS,
    limits: Mapping[str, object] = MappingProxyType({}),
    retry_after: str = "",
    minute_s: float = MINUTE_S,
) -> Iterator[tuple[Heard, Model]]:
    with Model(*statuses, retry_after=retry_after) as model:
        settings = Llm.model_validate({"base_url": f"{model.url}/v1", "model": "small", "max_concurrent": 1, **limits})
        done: list[int] = []
        yield ask(settings, questions, done.append, minute_s), model
        assert done == list(range(1, len(questions) + 1))


def test_each_is_asked_once_and_a_few_at_a_time() -> None:
    with heard(limits={"max_concurrent": 3}) as (told, model):
        assert set(told.answers) == {one.id for one in QUESTIONS}
        assert (told.calls, len(model.moments_s), told.silent) == (9, 9, {})
        assert 1 < model.most <= 3
        assert told.tokens == sum(one.tokens for one in told.answers.values()) > 0


@pytest.mark.parametrize("limits", [{"calls_per_minute": 4}, {"new_templates_per_minute": 4}])
def test_what_is_too_much_for_a_minute_waits_for_the_next(limits: dict[str, int]) -> None:
    began_s = time.monotonic()
    with heard(limits=limits) as (told, _):
        assert len(told.answers) == 9
        assert time.monotonic() - began_s >= 2 * MINUTE_S


def test_tokens_of_a_day_end_the_asking() -> None:
    with heard(limits={"tokens_per_day": 1}) as (told, model):
        assert (len(model.moments_s), len(told.answers)) == (1, 1)
        assert set(told.silent.values()) == {How.OVER_BUDGET}


def test_call_that_is_made_again_counts_against_the_day() -> None:
    with heard(503, questions=QUESTIONS[:2], limits={"calls_per_day": 2}) as (told, model):
        assert (told.calls, len(model.moments_s), len(told.answers)) == (2, 2, 1)
        assert told.silent == {QUESTIONS[1].id: How.OVER_BUDGET}


def test_five_failures_in_a_row_are_a_dead_model_and_four_are_not() -> None:
    with heard(400, 400, 400, 400, 200, 400, 400, 400, 400) as (told, model):
        assert (len(model.moments_s), len(told.answers)) == (9, 1)
    with heard(*[400] * 9) as (told, model):
        assert (len(model.moments_s), told.errors) == (5, {"answered 400": 5})
        assert list(told.silent.values()) == [How.FAILED] * 5 + [How.HELD_BACK] * 4


def test_model_that_asks_to_be_left_alone_for_more_than_a_minute_is_asked_no_more() -> None:
    with heard(429, retry_after="86400") as (told, model):
        assert (len(model.moments_s), told.errors) == (1, {"answered 429: not to be asked for 86400 s": 1})
        assert list(told.silent.values()) == [How.FAILED] + [How.HELD_BACK] * 8


def test_model_that_asks_to_be_left_alone_for_a_while_is_asked_after_it() -> None:
    with heard(503, retry_after="1", questions=QUESTIONS[:3], minute_s=2.0) as (told, model):
        assert len(told.answers) == 3
        assert model.moments_s[1] - model.moments_s[0] >= 0.9


def test_nothing_to_ask_asks_nothing() -> None:
    with heard(questions=[]) as (told, model):
        assert (told, model.moments_s) == (Heard({}, {}, Counter(), 0, 0), [])
