"""`winnow replay --ask-model` with the fake model: who is asked what, and what comes of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from alerts.advice import Advice, Answer, How
from alerts.decision import Severity
from alerts.errors import ConfigError, WinnowError
from alerts.prompt import PROMPT
from alerts.record import decode, open_alert
from connectors.configuration import load
from connectors.fake_model import FakeModel
from flows.again import again
from flows.templates import Templates
from tests.support.history import event, keep
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, Shelf, shelf
from tests.winnow.test_replay import MINUTE_MS, TARGETS, ago

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from alerts.config import Config
    from alerts.record import Stored
    from connectors.fake_model import Answered, Asked
    from connectors.request import Message

ROUTES = "routes: [{severity: [critical], to: [oncall]}, {to: [chat]}]\n"
LLM = "classify: {{llm: {{base_url: '{url}', model: {model}, {more}}}}}\n"


class Model(FakeModel):
    """Keeps what it was asked; fails while it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.fails = False
        super().__init__("127.0.0.1:0")

    def respond(self, asked: Asked) -> Answered:
        if asked.method == "POST":
            self.asked.append(asked.prompt())
            self.keys.append(asked.headers.get("authorization", ""))
        answer = super().respond(asked)
        return answer._replace(status=400) if self.fails else answer


class World(NamedTuple):
    shelf: Shelf
    model: Model
    folder: Path

    def replay(self, *arguments: str) -> dict[str, Any]:
        """The range is that of the last 100 minutes."""
        span = ("--since", ago(100), "--until", ago(1))
        result = self.shelf.winnow("replay", *span, "-o", "json", *arguments)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def settings(self, model: str = "small", more: str = "") -> str:
        return TARGETS + ROUTES + LLM.format(url=f"{self.model.url}/v1", model=model, more=more)

    def candidate(self, model: str = "small", more: str = "") -> tuple[str, str]:
        file = self.folder / "candidate.yaml"
        file.write_text(self.settings(model, more))
        return "--config", str(file)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    with Model() as model:
        settings = World(None, model, folder).settings()  # type: ignore[arg-type]
        with shelf(folder, settings) as held:
            yield World(held, model, folder)


def at(minutes_ago: int, name: str, status: str = "firing", **labels: str) -> Stored:
    number = minutes_ago * 100 + len(name)
    return event(number, now_ms() - minutes_ago * MINUTE_MS, status, alertname=name, **labels)


def answer(severity: Severity = Severity.CRITICAL, **changes: Any) -> Answer:
    made = Answer(severity, "database", 0.9, "It is down.", (), "small", PROMPT, 100, 5, now_ms())
    return made._replace(**changes)


def history(made: World, records: Sequence[Stored], said: Mapping[str, Answer] = {}) -> None:
    """Kept with the decisions of a flow whose model said this of alerts, by their names."""
    config = load(needs_sources=False)
    messages: list[Message] = []
    again(config, records, _advice(config, records, said), messages.append)
    keep(made.shelf, records, [message for message in messages if message.topic == TOPICS.decisions])


def _advice(config: Config, records: Sequence[Stored], said: Mapping[str, Answer]) -> dict[str, Advice]:
    assert config.classify.llm is not None
    templates = Templates(config.classify.llm)
    advice = {}
    for record in records:
        for arrival in decode(record.value, record.accepted_ms):
            template = templates.of(open_alert(arrival)).id
            found = said.get(arrival.name)
            advice[arrival.id] = Advice(template, How.ANSWERED if found else How.LATE, found)
    return advice


def test_what_no_record_answers_is_asked_once_for_all_alerts_of_its_kind(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow"), at(80, "PostgresSlow", instance="b"), at(70, "Other", pod="x")])
        before = made.replay()["totals"]["notifications"]
        found = made.replay("--ask-model")
        assert len(made.model.asked) == 2
        assert found["model"] == {
            "questions": 2, "answered": 2, "unanswered": {}, "errors": {}, "calls": 2,
            "tokens": found["model"]["tokens"], "alerts": 3,
        }  # fmt: skip
        assert found["model"]["tokens"] > 0
        assert (before.get("oncall", 0), found["totals"]["notifications"]["oncall"]) == (0, 2)


def test_recorded_answers_of_the_same_model_are_used_for_all_alerts_of_their_kind(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow"), at(80, "PostgresSlow", "resolved")], {"PostgresSlow": answer()})
        keep(made.shelf, [at(70, "PostgresSlow", instance="not-asked-then")])
        found = made.replay("--ask-model", "--diff")
        assert (made.model.asked, found["different"], found["model"]["questions"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("said", "candidate"),
    [
        ({"model": "large"}, {}),
        ({"prompt": "0-0123456789ab"}, {}),
        ({}, {"model": "other"}),
        ({}, {"more": "labels: [alertname]"}),
    ],
)
def test_answer_of_another_model_prompt_or_text_is_asked_anew(
    tmp_path: Path, said: dict[str, Any], candidate: dict[str, str]
) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow", team="a")], {"PostgresSlow": answer(**said)})
        found = made.replay("--ask-model", *made.candidate(**candidate))
        assert (len(made.model.asked), found["model"]["alerts"]) == (1, 1)


def test_all_are_asked_anew_if_that_is_wanted(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "Backup")], {"Backup": answer()})
        found = made.replay("--ask-all", "--diff")
        assert (len(made.model.asked), found["model"]["alerts"]) == (1, 1)
        assert "other severity" in found["kinds"]


def test_resolve_is_weighed_by_what_its_firing_was_also_one_before_the_range(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(120, "PostgresSlow"), at(90, "PostgresSlow", "resolved"), at(110, "Unseen")])
        found = made.replay("--ask-model", "--warm-up", "1h")
        assert len(made.model.asked) == 1
        # And whom the rules alone would tell.
        assert found["totals"]["notifications"] == {"chat": 1, "oncall": 1}


def test_without_the_option_nobody_is_asked(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow")])
        assert "model" not in made.replay("--diff")
        assert made.model.asked == []


def test_budget_of_a_day_ends_the_asking_and_the_rules_decide_the_rest(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90 - number, f"Postgres{letter}") for number, letter in enumerate("abcde")])
        found = made.replay("--ask-model", *made.candidate(more="calls_per_day: 3, max_concurrent: 1"))
        assert (len(made.model.asked), found["model"]["unanswered"]) == (3, {"over-budget": 2})
        assert (found["model"]["alerts"], found["totals"]["notifications"]["oncall"]) == (3, 3)


def test_model_that_does_not_answer_is_left_alone_and_that_is_told(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.model.fails = True
        history(made, [at(90 - number, f"Postgres{letter}") for number, letter in enumerate("abcdefgh")])
        arguments = ("--ask-model", *made.candidate(more="max_concurrent: 1"))
        found = made.replay(*arguments)["model"]
        assert (len(made.model.asked), found["answered"]) == (5, 0)
        assert found["unanswered"] == {"failed": 5, "held-back": 3}
        assert found["errors"] == {"answered 400": 5}
        shown = made.shelf.winnow("replay", "--since", ago(100), *arguments).stdout
        assert "answered 400" in shown


def test_file_is_judged_by_the_answers_on_both_sides_if_both_have_the_same_model(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        keep(made.shelf, [at(90, "PostgresSlow"), at(80, "Other")])
        file = tmp_path / "alerts.ndjson"
        file.write_bytes(made.shelf.winnow("export", "--since", "1d").stdout_bytes)
        arguments = ("replay", "--from-file", str(file), "--ask-model", "--diff", "-o", "json")
        same = json.loads(made.shelf.winnow(*arguments).stdout)
        assert (len(made.model.asked), same["different"], same["model"]["alerts"]) == (2, 0, 2)
        other = json.loads(made.shelf.winnow(*arguments, *made.candidate("other")).stdout)
        assert "other severity" in other["kinds"]


def test_key_of_the_model_is_needed_if_it_is_asked_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow")])
        file = tmp_path / "alerts.ndjson"
        file.write_bytes(made.shelf.winnow("export", "--since", "1d").stdout_bytes)
        keyed = made.candidate(more="api_key: '${MODEL_KEY}'")
        made.replay(*keyed)
        for place in (("--since", "1d"), ("--from-file", str(file))):
            with pytest.raises(ConfigError, match="MODEL_KEY"):
                made.shelf.winnow("replay", *place, "--ask-model", *keyed)
        monkeypatch.setenv("MODEL_KEY", "k3y")
        assert made.replay("--ask-model", *keyed)["model"]["answered"] == 1
        assert made.model.keys == ["Bearer k3y"]


def test_send_goes_by_what_was_asked(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        history(made, [at(90, "PostgresSlow")])
        found = made.replay("--ask-model", "--send", "--target", "oncall", "--dry-run")
        assert (found["model"]["answered"], found["going"]["firing"]) == (1, 1)


def test_configuration_without_a_model_is_refused(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        (tmp_path / "plain.yaml").write_text(TARGETS)
        with pytest.raises(WinnowError, match="names no model"):
            made.replay("--ask-model", "--config", str(tmp_path / "plain.yaml"))
