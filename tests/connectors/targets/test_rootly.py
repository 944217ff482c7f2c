from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from connectors.targets.rootly import Config, render
from tests.support.build import AT, alert, classification, delivery, hostile, huge, resolved

if TYPE_CHECKING:
    from alerts.decision import Delivery


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "incidents", "kind": "rootly", "token": "t0k3n", **changes})


def body(told: Delivery | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(config(), told or delivery(), AT).body)
    return made


def test_goes_to_rootly_with_the_token_as_bearer() -> None:
    made = render(config(), delivery(), AT)
    assert made.url == "https://webhooks.rootly.com/webhooks/incoming/generic_webhooks"
    assert made.headers["authorization"] == "Bearer t0k3n"


def test_token_is_needed_and_never_shown() -> None:
    assert "t0k3n" not in repr(config()) + render(config(), delivery(), AT).body.decode()
    with pytest.raises(ValidationError):
        Config.model_validate({"name": "incidents", "kind": "rootly"})


def test_title_names_alert_and_namespace() -> None:
    assert body()["title"] == "[PostgresDown] alert in shop"


@pytest.mark.parametrize(("name", "title"), [("A", "[A] alert"), ("", "[(no name)] alert")])
def test_title_without_namespace(name: str, title: str) -> None:
    assert body(delivery(alert=alert(name=name, labels={})))["title"] == title


def test_resolve_has_the_external_id_of_its_trigger() -> None:
    firing, over = body(), body(delivery(alert=resolved()))
    assert firing["external_id"] == over["external_id"] == alert().fingerprint
    assert (firing["status"], over["status"]) == ("firing", "resolved")


def test_repeat_with_another_transition_is_another_body() -> None:
    assert body(delivery(transition="firing/a/0")) != body(delivery(transition="firing/a/1"))
    assert body()["transition"] == delivery().transition
    assert body()["notification_id"] == delivery().id


def test_description_is_markdown() -> None:
    parts = body()["description"].split("\n\n")
    assert parts[0] == "db-1 does not answer"
    assert parts[1] == "**Severity:** critical (database, confidence 0.80, by llm)"
    assert parts[3] == "**Why:** The primary stopped answering."
    assert parts[4] == "- Check the disk\n- Fail over\n- Call the DBA"
    assert parts[5].startswith("[Runbook](<https://runbooks.example.com/db?a=1&b=2>) · [Source](<http://")


def test_markdown_and_html_of_the_alert_are_shown_and_do_nothing() -> None:
    description = body(hostile())["description"]
    assert "<script" not in description
    assert not re.search(r"(?<!\\)\[a\]\(javascript", description)
    assert not re.search(r"^(# head|- item)", description.split("**Severity")[0], re.MULTILINE)


def test_severity_and_link_are_told() -> None:
    assert body()["severity"] == "critical"
    assert body()["external_url"] == alert().generator_url
    assert body(delivery(alert=alert(generator_url="javascript:1", annotations={})))["external_url"] is None


def test_tags_are_what_was_found_and_the_labels_in_order() -> None:
    assert body()["tags"] == [
        "severity:critical",
        "category:database",
        "instance:db-1:9187",
        "job:postgres",
        "namespace:shop",
    ]


@pytest.mark.parametrize(("labels", "tags"), [(18, 20), (19, 20), (17, 19)])
def test_at_most_twenty_tags(labels: int, tags: int) -> None:
    told = delivery(alert=alert(labels={f"l{number}": "v" for number in range(labels)}))
    assert len(body(told)["tags"]) == tags


def test_long_texts_are_cut() -> None:
    made = body(huge())
    assert len(made["title"]) <= 255
    assert all(len(tag) <= 100 for tag in made["tags"])


def test_empty_parts_are_left_out_of_the_description() -> None:
    bare = delivery(
        alert=alert(annotations={}, generator_url=""), classification=classification(reasoning="", recommendations=())
    )
    assert body(bare)["description"].count("\n\n") == 1


def test_what_is_replayed_says_so_by_tag_and_field() -> None:
    made = body(delivery(replayed=True))
    assert (made["replayed"], made["tags"][0], made["external_id"]) == (True, "replayed", alert().fingerprint)
