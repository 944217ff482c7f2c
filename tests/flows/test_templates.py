"""Alerts that differ in what a model is not shown have one template, and no template shows what it may not."""

from __future__ import annotations

import json
import time
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.alert import Status
from alerts.config_llm import Llm
from flows import templates
from flows.templates import ANNOTATION_MAX_CHARS, LABEL_MAX_CHARS, TEMPLATE_MAX_CHARS, Templates
from tests.corpus.secrets import KINDS, left_of
from tests.support.events import alert

if TYPE_CHECKING:
    from alerts.advice import Template
    from alerts.alert import Alert

LABELS = {"alertname": "PodCrash", "severity": "warning", "namespace": "shop"}
TEXT = st.text(max_size=40)
WORDS = st.text(st.sampled_from("xyz,"), max_size=20)


def _llm(**changes: object) -> Llm:
    return Llm.model_validate({"base_url": "http://127.0.0.1:1/v1", "model": "small", **changes})


def _of(labels: dict[str, str] | None = None, *, settings: Llm | None = None, **annotations: str) -> Template:
    return Templates(settings or _llm()).of(_alert(labels, **annotations))


def _alert(labels: dict[str, str] | None = None, **annotations: str) -> Alert:
    return alert(labels=LABELS | (labels or {}), annotations=annotations)


def test_template_has_what_is_listed_sorted_by_name() -> None:
    made = _of({"pod": "web-1", "team": "shop"}, summary="s", runbook_url="r", description="d")
    assert made.labels == (("alertname", "PodCrash"), ("namespace", "shop"), ("severity", "warning"), ("team", "shop"))
    assert made.annotations == (("description", "d"), ("summary", "s"))


def test_labels_keep_their_numbers() -> None:
    assert ("code", "500") in _of({"code": "500"}).labels


def test_alerts_of_one_rule_have_one_template() -> None:
    made = Templates(_llm())
    alerts = [
        _alert(
            {"pod": f"web-5d7f8c9b6-{suffix}", "instance": address, "uid": suffix * 4},
            summary=f"Pod web-5d7f8c9b6-{suffix} on {address} restarted {count} times",
            description=f"since {hour}:10:00, {count * 7.5} in 5m",
        )
        for suffix, address, count, hour in (("x2x4z", "10.0.0.1:80", 5, 10), ("bcdfg", "10.20.30.40:8080", 12345, 23))
    ]
    one, other = map(made.of, alerts)
    assert one == other
    assert dict(one.annotations)["summary"] == "Pod <n> on <n> restarted <n> times"


def test_value_of_a_label_that_is_not_shown_is_not_shown_in_a_text() -> None:
    assert _of({"customer": "Ox & Son"}, summary="Ox & Son cannot pay").annotations == (("summary", "<n> cannot pay"),)


@pytest.mark.parametrize("value", ["api", "web", "checkout"])
def test_word_of_a_label_that_is_not_shown_leaves_texts_readable(value: str) -> None:
    assert _of({"pod": value}, summary="the checkout api and web").annotations == (
        ("summary", "the checkout api and web"),
    )


@pytest.mark.parametrize("changes", [{"severity": "info"}, {"namespace": "shop2"}, {"code": "500"}])
def test_alerts_that_differ_in_a_listed_label_have_two(changes: dict[str, str]) -> None:
    assert _of(changes).id != _of().id


def test_status_is_not_in_it() -> None:
    made = Templates(_llm())
    assert made.of(alert(status=Status.RESOLVED)) == made.of(alert())


def test_order_of_labels_and_what_was_asked_before_change_nothing() -> None:
    made = Templates(_llm())
    backwards = alert(labels=dict(reversed(LABELS.items())))
    assert made.of(_alert()) == made.of(backwards) == made.of(_alert()) == _of()


def test_id_is_sixteen_hex_digits_that_stay() -> None:
    assert _of(summary="x").id == "6f96c163efd003f3"


def test_empty_values_are_not_in_it() -> None:
    assert _of({"team": ""}, summary="\u200b") == _of()


def test_texts_are_cut() -> None:
    made = _of({"team": "t" * 300}, summary="xx" + " y" * 600)
    assert len(dict(made.labels)["team"]) == LABEL_MAX_CHARS
    assert len(dict(made.annotations)["summary"]) == ANNOTATION_MAX_CHARS


def test_word_that_is_longer_than_what_is_read_is_left_out() -> None:
    assert _of({"team": "t" * 401}, summary="b" * 1001) == _of()


def test_all_together_is_bounded() -> None:
    llm = _llm(labels=[f"l{number}" for number in range(100)])
    made = _of({f"l{number}": "v " * 95 for number in range(100)}, settings=llm, summary="s" * 900)
    chars = sum(len(name) + len(text) for name, text in (*made.labels, *made.annotations))
    assert TEMPLATE_MAX_CHARS - 400 < chars <= TEMPLATE_MAX_CHARS


def test_texts_are_read_no_further_than_their_bound_and_a_secret_that_is_cut_there_is_left_out() -> None:
    summary = "s " * 45 + "password=hunter2"
    made = dict(_of(description="d " * 450, message="m " * 600, summary=summary, title="t").annotations)
    assert {name: len(text) for name, text in made.items()} == {
        "description": 899,
        "message": 997,
        "summary": 89,
        "title": 1,
    }


@pytest.mark.parametrize("pattern", ["CUST-42", r"CUST-\d+", "CUST-[0-9]{2}"])
def test_own_patterns_are_redacted_in_labels_and_texts(pattern: str) -> None:
    made = _of({"team": "CUST-42"}, settings=_llm(redact=[pattern]), summary="of CUST-42.")
    assert ("team", "<secret>") in made.labels
    assert made.annotations == (("summary", "of <secret>."),)


def test_word_that_an_own_pattern_finds_hides_no_secret_behind_it() -> None:
    made = _of(settings=_llm(redact=["db-pass", "7"]), summary="db-password: hunter2 7 8")
    assert made.annotations == (("summary", "<secret>word: <secret> <secret> <n>"),)


@pytest.mark.parametrize("pattern", ["(", "a*", "", r"(?=x)", r"\C"])
def test_pattern_that_cannot_be_used_is_a_fault_that_names_its_entry(pattern: str) -> None:
    with pytest.raises(ValidationError) as fault:
        _llm(redact=["fine", pattern])
    assert [error["loc"] for error in fault.value.errors()] == [("redact", 1)]


@settings(max_examples=300, derandomize=True)
@given(st.text(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_numbers_of_any_length_make_no_template(text: str, one: int, other: int) -> None:
    made = Templates(_llm())
    assert made.of(_alert(summary=f"{text} {one} left")) == made.of(_alert(summary=f"{text} {other} left"))


@settings(max_examples=300, derandomize=True)
@given(labels=st.dictionaries(TEXT, TEXT, max_size=6), annotations=st.dictionaries(TEXT, TEXT, max_size=6))
def test_nothing_that_is_not_listed_is_in_it(labels: dict[str, str], annotations: dict[str, str]) -> None:
    llm = _llm()
    made = Templates(llm).of(alert(labels=LABELS | labels, annotations=annotations))
    assert {name for name, _ in made.labels} <= {*llm.labels}
    assert {name for name, _ in made.annotations} <= {*llm.annotations}
    listed = LABELS | {name: text for name, text in labels.items() if name in llm.labels}
    assert made.labels == Templates(llm).of(alert(labels=listed)).labels


@settings(max_examples=100, derandomize=True)
@given(value=st.text(st.sampled_from("abc-.:/ 5"), min_size=5).filter(lambda value: not value.isalpha()), around=WORDS)
def test_value_that_is_not_listed_changes_no_template(value: str, around: str) -> None:
    one, other = (_of({"pod": pod}, summary=f"{around} ({pod}) {around}") for pod in (value, "web-5"))
    assert one == other


@settings(max_examples=300, derandomize=True)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=4))
def test_what_is_remembered_is_what_would_be_made(asked: list[tuple[str, str, str]]) -> None:
    made = Templates(_llm())
    for team, pod, text in asked * 2:
        one = _alert({"team": team, "pod": pod}, summary=text, title=pod)
        assert made.of(one) == Templates(_llm()).of(one)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, derandomize=True)
@given(place=st.sampled_from(["team", "alertname", "summary", "description"]), seed=st.integers(0, 2**32), before=TEXT)
def test_no_planted_secret_is_in_it(kind: str, place: str, seed: int, before: str) -> None:
    planted = KINDS[kind](Random(seed))
    text = f"{before} {planted.text} at noon"
    made = Templates(_llm()).of(alert(labels=LABELS | {place: text}, annotations={place: text}))
    shown = json.dumps(made, ensure_ascii=False)
    zeros = planted.secret.translate(str.maketrans("123456789", "0" * 9))
    assert planted.secret not in shown
    assert zeros not in shown


@pytest.mark.parametrize(
    ("value", "text", "left"),
    [
        ("db-password", "db-password: hunter2 was refused", "<n>: <secret> was refused"),
        ("api_key", "config api_key=Zq-secretvalue", "config <n>=<secret>"),
        ("Cookie: ", "Cookie: session=abcdefgh", "<secret>"),
        ("Bearer x", "Bearer xyzsecretvalue", "<n>"),
        ("://bob:", "postgres://bob:swordfish@db", "postgres<n>db"),
        ("hunter2", "password: hunter2, hunter2", "password: <secret> <n>"),
    ],
)
def test_value_that_is_not_shown_hides_no_secret(value: str, text: str, left: str) -> None:
    assert _of({"pod": value}, summary=text).annotations == (("summary", left),)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, derandomize=True)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.tuples(st.integers(0, 60), st.integers(5, 40)), max_size=3))
def test_no_part_of_a_planted_secret_is_in_it_whatever_labels_repeat(
    kind: str, seed: int, cuts: list[tuple[int, int]]
) -> None:
    """Values of labels that are not shown are the word that a secret is known by, a part of it, or of the secret."""
    planted = KINDS[kind](Random(seed))
    labels = {f"hidden{start}": planted.text[start : start + length] for start, length in cuts}
    made = _of(labels, summary=f"at {planted.text} noon")
    assert not left_of(planted.secret, json.dumps(made, ensure_ascii=False))


def test_alerts_that_differ_in_a_value_that_is_not_shown_are_each_remembered() -> None:
    made = Templates(_llm())
    web, api = (_alert({"pod": pod}, summary=f"{pod} is away") for pod in ("web-5", "apis-12"))
    assert made.known(web) is None
    assert made.of(web) == made.of(api) == made.known(web) == made.known(api)


def test_template_that_is_looked_up_is_not_made() -> None:
    made = Templates(_llm())
    made.of(_alert(summary="a"))
    before = made.remembered_chars
    assert made.known(_alert(summary="b")) is None
    assert made.remembered_chars == before
    assert made.known(_alert(summary="a")) == made.of(_alert(summary="a"))


@pytest.mark.parametrize(
    "piece", ["a::b ", "::1 ", "_::_ ", " pw=:", "basic a0aaaaa ", "-token x ", " <token>", "a:b@ ", "5m ", "1 Jan "]
)
def test_hostile_texts_take_about_as_long_as_others(piece: str) -> None:
    # Beside others in the same process: what a second is worth differs by machine, and where coverage is measured.
    assert _took_s(piece) < 20 * _took_s("a quiet word ")


def _took_s(piece: str) -> float:
    """How long templates of alerts that are full of it take the processor."""
    made = Templates(_llm())
    alerts = [
        alert(annotations=dict.fromkeys(("summary", "description", "message", "title"), chr(97 + number) + piece * 190))
        for number in range(25)
    ]
    began_s = time.process_time()
    for one in alerts:
        made.of(one)
    return time.process_time() - began_s


def test_ever_new_texts_do_not_make_it_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "KNOWN_MAX_CHARS", 50_000)
    made = Templates(_llm())
    for number in range(300):
        word = "".join(chr(ord("g") + int(digit)) for digit in str(number))
        made.of(_alert({word: "x"}, summary=f"about {word} " + "y" * 100))
        assert made.remembered_chars <= 50_000
    assert made.of(_alert(summary="again")) == _of(summary="again")


@pytest.mark.parametrize("piece", ["x", "5 ", "0:", "password=", "\0", "é", "\ud800"])
def test_huge_alert_is_cut_before_it_is_looked_at(piece: str) -> None:
    text = piece * 65536
    made = _of({"team": text, text: text}, summary=text, description=text)
    assert len(json.dumps(made)) < 2 * TEMPLATE_MAX_CHARS
