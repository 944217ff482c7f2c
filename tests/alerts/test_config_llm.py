"""The model's section, its document and the example agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from alerts.config import Classify
from alerts.config_llm import Llm

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "llm.md").read_text()


def test_document_explains_every_key_with_its_default() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|([^|]*)\|", DOCUMENT, re.MULTILINE)
    told = {name: default.strip("` ") for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(told) - {"api_key_file", "base_url_file"} == set(Llm.model_fields)
    defaults = {
        name: told[name] for name in told if told[name] not in {"", "none"} and name not in {"labels", "annotations"}
    }
    written = Llm.model_validate({"base_url": "http://m/v1", "model": "m", **defaults})
    assert written == Llm.model_validate({"base_url": "http://m/v1", "model": "m"})


def test_no_more_answers_are_kept_than_a_snapshot_can_bear() -> None:
    told = {"base_url": "http://m/v1", "model": "m"}
    assert Llm.model_validate({**told, "cache_max": 20_000}).cache_max == 20_000
    with pytest.raises(ValidationError, match="cache_max"):
        Llm.model_validate({**told, "cache_max": 20_001})


def test_example_of_the_document_is_a_section() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    fields = yaml.safe_load(text)["classify"]
    fields["llm"].pop("api_key_file")
    assert Classify.model_validate(fields).llm is not None


def test_commented_example_of_winnow_yaml_names_every_key_and_shows_defaults() -> None:
    block = (ROOT / "winnow.yaml").read_text().partition("  # llm:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^  #   (?:# )?(\w+)(?:, (\w+))?:", block, re.MULTILINE)
    assert {name for pair in names for name in pair if name} - {"api_key_file"} == set(Llm.model_fields) - {"api_key"}
    shown = dict(re.findall(r"^  #   (\w+): (\S+)", block, re.MULTILINE))
    shown.pop("api_key_file")
    alone = {name: shown[name] for name in ("base_url", "model")}
    assert Llm.model_validate(shown) == Llm.model_validate(alone)


@pytest.mark.parametrize(
    "word", ["answered", "cached", "late", "failed", "held-back", "over-budget", "storm", "too-many"]
)
def test_document_names_each_way_advice_comes_about(word: str) -> None:
    assert f"`{word}`" in DOCUMENT + (ROOT / "docs" / "decisions.md").read_text()


def test_critical_alerts_wait_no_longer_than_others_whatever_the_default_is() -> None:
    settings = Llm.model_validate({"base_url": "http://h/v1", "model": "m", "deadline": "100ms"})
    assert settings.critical_wait == settings.deadline


def test_critical_deadline_that_is_given_is_at_most_the_deadline() -> None:
    with pytest.raises(ValidationError, match="at most the deadline"):
        Llm.model_validate({"base_url": "http://h/v1", "model": "m", "deadline": "1s", "critical_deadline": "2s"})


@pytest.mark.parametrize("user", ["anna:secret@", "anna@", "@"])
def test_model_is_shown_who_asks_in_one_way(user: str) -> None:
    told = {"base_url": f"http://{user}m/v1", "model": "m"}
    assert Llm.model_validate(told).api_key is None
    with pytest.raises(ValidationError, match="expected api_key or a user in base_url, got both") as refused:
        Llm.model_validate({**told, "api_key": "k"})
    assert "secret" not in refused.value.errors()[0]["msg"]
    assert Llm.model_validate({**told, "base_url": "http://m/v1/@", "api_key": "k"}).api_key is not None
