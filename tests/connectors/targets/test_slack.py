from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from alerts.alert import Status
from alerts.decision import Severity
from connectors.request import Answer, Judgement
from connectors.targets.slack import BODY_MAX_CHARS, Config, judge, render
from tests.support.build import AT, HOSTILE, STARTS_AT, alert, classification, delivery, hostile, huge, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.decision import Delivery

URL = "https://hooks.slack.com/services/T0S3CR3T"


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "team", "kind": "slack", "url": URL, **changes})


def body(told: Delivery | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(config(), told or delivery(), AT).body)
    return made


def blocks(told: Delivery | None = None, kind: str = "") -> list[dict[str, Any]]:
    return [block for block in body(told)["attachments"][0]["blocks"] if kind in {"", block["type"]}]


def texts(value: object) -> Iterator[dict[str, Any]]:
    """Every text object of a message."""
    if isinstance(value, dict):
        if value.get("type") in {"plain_text", "mrkdwn"}:
            yield value
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_header_is_the_alerts_name() -> None:
    assert blocks(kind="header")[0]["text"]["text"] == "PostgresDown"


def test_fields_tell_status_severity_start_and_namespace() -> None:
    fields = [field["text"] for block in blocks(kind="section") for field in block.get("fields", [])]
    assert fields == ["Status\nfiring", "Severity\ncritical", f"Started\n{STARTS_AT}", "Namespace\nshop"]


def test_reasoning_is_cut_at_300_characters() -> None:
    long = delivery(classification=classification(reasoning="r" * 301))
    assert "r" * 299 + "…" in [text["text"] for text in texts(blocks(long))]


def test_at_most_three_recommendations_are_told() -> None:
    shown = [text["text"] for text in texts(blocks()) if "Check the disk" in text["text"]]
    assert shown == ["• Check the disk\n• Fail over\n• Call the DBA"]


def test_context_has_the_fingerprint() -> None:
    assert "Fingerprint 00000000000000aa" in [text["text"] for text in texts(blocks(kind="context"))]


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.CRITICAL, "#FF0000"),
        (Severity.WARNING, "#FFA500"),
        (Severity.INFO, "#36A64F"),
        (Severity.NOISE, "#808080"),
        (Severity.UNKNOWN, "#FFA500"),
    ],
)
def test_colour_tells_the_severity(severity: Severity, colour: str) -> None:
    told = delivery(classification=classification(severity=severity))
    assert body(told)["attachments"][0]["color"] == colour


def test_resolved_alert_looks_different() -> None:
    over = delivery(alert=resolved())
    assert body(over)["attachments"][0]["color"] == "good"
    assert body(over)["text"] == "[RESOLVED] PostgresDown: db-1 does not answer"
    assert blocks(over, "header")[0]["text"]["text"] == "[RESOLVED] PostgresDown"
    assert "Ended\n2026-11-24T03:04:00Z" in [text["text"] for text in texts(blocks(over))]


def test_text_is_there_for_notifications() -> None:
    assert body()["text"] == "[FIRING] PostgresDown: db-1 does not answer"
    assert body()["attachments"][0]["fallback"] == "[FIRING] PostgresDown: db-1 does not answer"


def test_links_are_ours_and_nothing_is_unfurled() -> None:
    marked = [text for text in texts(body()) if text["type"] == "mrkdwn"]
    assert [text["text"].split("|")[0] for text in marked] == ["<https://runbooks.example.com/db?a=1&amp;b=2"]
    assert all(text["verbatim"] for text in marked)
    assert not body()["unfurl_links"]
    assert not body()["unfurl_media"]


def test_nothing_in_hostile_text_acts() -> None:
    made = render(config(), hostile(), AT).body.decode()
    assert not re.search("<[!@#]|<https://evil|<script", made)
    assert not [text for text in texts(body(hostile())) if text["type"] == "mrkdwn"]
    assert not set("*~`") & set(body(hostile())["text"])


@pytest.mark.parametrize("character", ["x", '"', "&", "\u6f22", "😀", "\n", "*", " ", "\x00"], ids=ascii)
def test_message_stays_within_slacks_limits_whatever_the_alert(character: str) -> None:
    told = huge(character)
    made = body(told)
    assert len(render(config(), told, AT).body.decode()) <= BODY_MAX_CHARS
    assert len(made["attachments"][0]["blocks"]) <= 50
    assert 0 < len(made["text"]) <= 3000
    for block in blocks(told):
        limit = 150 if block["type"] == "header" else 2000 if "fields" in block else 3000
        assert all(0 < len(text["text"].strip()) <= limit for text in texts(block))
        assert len(block.get("fields", [])) <= 10
        assert len(block.get("elements", [])) <= 10


def test_alerts_own_text_gives_way_first() -> None:
    long = alert(annotations={"summary": "short", "description": '"' * 20_000})
    made = [text["text"] for text in texts(blocks(delivery(alert=long)))]
    assert [len(text) for text in made if '""' in text] == [3000]
    most = huge('"')
    links = {f"{name}_url": f"https://a.example/{'x' * 1100}" for name in ("runbook", "dashboard")}
    most = most._replace(alert=most.alert._replace(annotations=most.alert.annotations | links))
    own = [text["text"] for text in texts(blocks(most)) if text["text"].endswith("…")]
    assert max(len(text) for text in own) == 1000


def test_message_with_everything_at_its_limit_fits() -> None:
    most = huge('"')
    links = {f"{name}_url": f"https://a.example/{'x' * 1150}" for name in ("runbook", "dashboard")}
    over = most.alert._replace(annotations=most.alert.annotations | links, starts_at='"' * 999, ends_at='"' * 999)
    full = most._replace(alert=over._replace(status=Status.RESOLVED))
    channel = config(channel='"' * 255)
    assert len(render(channel, full, AT).body.decode()) <= BODY_MAX_CHARS


def test_summary_and_description_are_told_once_if_they_are_the_same() -> None:
    told = delivery(alert=alert(annotations={"summary": "same", "description": "same"}))
    assert [text["text"] for text in texts(blocks(told))].count("same") == 1


def test_hostile_text_is_readable_but_for_what_acts() -> None:
    header = blocks(hostile(), "header")[0]["text"]["text"]
    assert header.startswith("&lt;!channel&gt;")
    assert len(header) <= 150
    assert "\x1b" not in header
    assert "\u202e" in HOSTILE
    assert "\u202e" not in header


@pytest.mark.parametrize(
    ("status", "answered", "meant"),
    [
        (200, b"ok", Judgement.DELIVERED),
        (200, b"ok\n", Judgement.DELIVERED),
        (200, b'{"ok":true,"ts":"1.2"}', Judgement.DELIVERED),
        (200, b"", Judgement.DELIVERED),
        (200, b"<html>accepted</html>", Judgement.DELIVERED),
        (200, b'{"success":true}', Judgement.DELIVERED),
        (200, b'{"ok":false,"error":"ratelimited"}', Judgement.RETRY),
        (200, b'{"ok":false,"error":"fatal_error"}', Judgement.RETRY),
        (200, b'{"ok":false,"error":"internal_error"}', Judgement.RETRY),
        (200, b'{"ok":false,"error":"service_unavailable"}', Judgement.RETRY),
        (200, b'{"ok":false,"error":"channel_not_found"}', Judgement.REFUSED),
        (200, b'{"ok":false,"error":"invalid_auth"}', Judgement.REFUSED),
        (200, b'{"ok":false,"error":["x"]}', Judgement.REFUSED),
        (200, b'{"ok":false}', Judgement.REFUSED),
        (200, b"invalid_token", Judgement.REFUSED),
        (200, b"rollup_error", Judgement.RETRY),
        (400, b"invalid_payload", Judgement.REFUSED),
        (410, b"channel_is_archived", Judgement.REFUSED),
        (429, b"rate_limited", Judgement.RETRY),
        (500, b"rollup_error", Judgement.RETRY),
        (302, b"ok", Judgement.REFUSED),
    ],
)
def test_answers_mean_what_slack_means(status: int, answered: bytes, meant: Judgement) -> None:
    assert judge(Answer(status, {}, answered)) is meant


def test_token_is_sent_to_the_channel_and_never_shown() -> None:
    web = config(url="https://slack.com/api/chat.postMessage", token="xoxb-s3cr3t", channel="C123")
    made = render(web, delivery(), AT)
    assert made.headers["authorization"] == "Bearer xoxb-s3cr3t"
    assert json.loads(made.body)["channel"] == "C123"
    assert "s3cr3t" not in repr(web) + made.body.decode()


def test_token_needs_a_channel() -> None:
    with pytest.raises(ValidationError, match="expected a channel beside the token"):
        config(token="xoxb-s3cr3t")


def test_address_of_an_incoming_webhook_is_hidden() -> None:
    assert "S3CR3T" not in repr(config()) + str(config())


def test_what_is_replayed_says_so_before_its_status() -> None:
    fired, over = delivery(replayed=True), delivery(alert=resolved(), untold_firing=True, replayed=True)
    assert body(fired)["text"].startswith("[REPLAYED, FIRING] PostgresDown")
    assert body(over)["text"].startswith("[REPLAYED, FIRED, RESOLVED] PostgresDown")
    headers = [blocks(told, "header")[0]["text"]["text"] for told in (fired, over)]
    assert headers == ["[REPLAYED] PostgresDown", "[REPLAYED, FIRED, RESOLVED] PostgresDown"]
