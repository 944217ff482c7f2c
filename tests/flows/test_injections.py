"""Whatever a text orders, and however obedient the model: nobody loses a page, and no secret is in a prompt."""

from __future__ import annotations

import asyncio
import unicodedata
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from alerts.advice import Advice, Answer, How
from alerts.config import FilterRule, Target
from alerts.config import Route as RouteRule
from alerts.config_llm import Llm
from alerts.decision import Severity
from alerts.prompt import data
from connectors.configuration import load
from connectors.llm import Model
from flows.guard_rails import weigh
from flows.steps.classify import Classify, Judged
from flows.steps.filter import DENY, Filter
from flows.steps.route import Route
from flows.templates import Templates
from tests.corpus.injections import ALL, INJECTIONS
from tests.corpus.secrets import KINDS
from tests.support.events import NOW_MS, alert
from tests.support.misbehaviour import obeyed
from tests.support.model import model_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.advice import Template
    from alerts.alert import Alert
    from connectors.llm import Reply

EXAMPLE = load(Path(__file__).parents[2] / "winnow.yaml", {})
RANK = {Severity.CRITICAL: 3, Severity.WARNING: 2, Severity.UNKNOWN: 2, Severity.INFO: 1, Severity.NOISE: 0}
PLACES = ("label", "name", "summary", "description")
BASES: dict[str, dict[str, str]] = {
    "by the table": {"alertname": "HighCPU", "team": "shop"},
    "critical by the table": {"alertname": "NodeDown", "namespace": "shop"},
    "critical by label": {"alertname": "Checkout", "severity": "critical", "team": "shop"},
    "info by label": {"alertname": "Checkout", "severity": "info"},
    "by default": {"alertname": "Checkout"},
}
CLASSIFY = Classify()
HARSH = (
    Filter(
        [
            FilterRule.model_validate(rule)
            for rule in (
                {"name": "noise", "severity": ["noise", "info"], "confidence_below": 0.5},
                {"name": "odd", "category": ["test", "x", "obedient"], "critical": True},
                {"name": "doubt", "confidence_below": 0.3, "critical": True},
            )
        ]
    ),
    Route(
        [
            RouteRule.model_validate(rule)
            for rule in (
                {"severity": ["noise"], "to": ["nobody"]},
                {"category": ["test", "obedient"], "to": ["nobody"]},
                {"severity": ["critical"], "to": ["oncall"], "continue": True},
                {"to": ["team"]},
            )
        ],
        [
            Target.model_validate({"name": name, "kind": "webhook", "filter": rules})
            for name, rules in (
                ("nobody", []),
                ("oncall", [{"name": "not-mine", "category": ["x"], "critical": True}]),
                ("team", [{"name": "mild", "severity": ["noise", "info"], "confidence_below": 0.4}]),
            )
        ],
    ),
)
"""Goes by everything that a model says."""
SETUPS = {"winnow.yaml": (Filter(EXAMPLE.filter), Route(EXAMPLE.routes, EXAMPLE.targets)), "harsh": HARSH}


def _with(text: str, place: str, base: str = "by the table", **annotations: str) -> Alert:
    labels = dict(BASES[base])
    if place == "label":
        labels["service"] = text
    elif place == "name":
        labels["alertname"] += f" {text}"
    else:
        annotations[place] = f"{annotations.get(place, '')} {text}"
    return alert(labels["alertname"], labels=labels, annotations=annotations)


def _told(of: Alert, judged: Judged, setup: tuple[Filter, Route]) -> set[str]:
    filter_, route = setup
    if filter_(of, judged.weighed, judged.alone).outcome == DENY:
        return set()
    return {*route(of, judged.weighed, judged.alone).targets}


def _harm(of: Alert, answer: Answer) -> list[str]:
    """What the answer takes from whom."""
    alone = CLASSIFY(of)
    advised = weigh(alone, Advice("0" * 16, How.ANSWERED, answer))
    harm = [
        f"{name}: {lost} lost"
        for name, setup in SETUPS.items()
        if (lost := _told(of, alone, setup) - _told(of, advised, setup))
    ]
    if RANK[advised.told.severity] < RANK[alone.told.severity]:
        harm.append("lowered")
    return harm


def _answers(template: Template) -> Iterator[Answer]:
    """What an obedient model says: by its text, and for what harms most if it is read in another way."""
    said = obeyed({"labels": dict(template.labels), "annotations": dict(template.annotations)})
    word, share = str(said["severity"]), float(str(said["confidence"]))
    for severity, category, confidence in (
        (word, str(said["category"]), share),
        ("noise", "test", 0.0),
        ("info", "x", 0.0),
        ("noise", "obedient", 1.0),
    ):
        known = Severity(severity) if severity in {*Severity} else Severity.NOISE
        yield Answer(known, category, confidence, "as told", ("ack",), "obedient", "1-0", 1, 1, NOW_MS)


def test_corpus_is_as_large_as_it_claims() -> None:
    assert len({text for _, text in ALL}) == len(ALL) >= 60
    assert len(INJECTIONS) >= 14


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("base", BASES)
def test_no_text_makes_an_obedient_model_take_or_lower_a_page(base: str, place: str) -> None:
    templates = Templates(Llm(base_url="http://127.0.0.1:1", model="m"))
    alerts = [_with(text, place, base) for _, text in ALL]
    assert [(of, harm) for of in alerts for answer in _answers(templates.of(of)) if (harm := _harm(of, answer))] == []


def test_same_answers_without_guard_rails_would_take_pages() -> None:
    """Or the test above would prove nothing."""
    taken = 0
    for _, text in ALL:
        of = _with(text, "summary", "critical by the table")
        said = CLASSIFY(of).told._replace(severity=Severity.NOISE, category="test", confidence=0.0)
        for setup in SETUPS.values():
            taken += _told(of, Judged(said, said), setup) < _told(of, CLASSIFY(of), setup)
    assert taken == 2 * len(ALL)


@pytest.mark.parametrize("place", PLACES)
def test_model_sees_no_text_that_people_do_not_see_or_that_ends_the_data(place: str) -> None:
    templates = Templates(Llm(base_url="http://127.0.0.1:1", model="m"))
    for _, text in ALL:
        shown = data(templates.of(_with(text, place)))
        assert shown.count("<") == shown.count(">") == shown.count("\n") == 2, text
        assert {unicodedata.category(char) for char in shown.replace("\n", "")}.isdisjoint({"Cc", "Cf", "Cs", "Co"}), (
            text
        )
        assert not any("\U000e0000" <= char <= "\U000e01ef" for char in shown), text


def test_obedient_model_takes_no_page_and_sees_no_secret_over_http() -> None:
    llm_settings = {"model": "obedient", "max_concurrent": 4, "timeout": "60s"}
    planted = [
        kind(Random(number)) for number, kind in enumerate(islice(cycle(KINDS.values()), len(ALL) * len(PLACES)))
    ]
    alerts = [
        _with(text, place, "by the table", summary=f"at {hidden.text}\n", description=f"{text} {hidden.text}\n")
        for (text, place), hidden in zip(((text, place) for _, text in ALL for place in PLACES), planted, strict=True)
    ]
    with model_server() as server:
        server.behave("obedient")
        llm = Llm.model_validate({"base_url": server.base_url, **llm_settings})
        templates = [Templates(llm).of(of) for of in alerts]
        replies = asyncio.run(_ask_all(llm, templates))
        prompts = "\n".join(str(seen["prompt"]) for seen in server.seen())
    answers = [reply.answer for reply in replies]
    assert None not in answers
    assert {answer.severity for answer in answers if answer} >= {Severity.NOISE, Severity.INFO}
    assert [harm for of, answer in zip(alerts, answers, strict=True) if answer and (harm := _harm(of, answer))] == []
    zeros = str.maketrans("123456789", "0" * 9)
    assert [one for one in planted if one.secret in prompts or one.secret.translate(zeros) in prompts] == []


async def _ask_all(llm: Llm, templates: list[Template]) -> list[Reply]:
    model = Model(llm)
    try:
        return [
            reply
            for at in range(0, len(templates), 8)
            for reply in await asyncio.gather(
                *(model.ask(one, lambda _: None, lambda: True) for one in templates[at : at + 8])
            )
        ]
    finally:
        await model.close()
