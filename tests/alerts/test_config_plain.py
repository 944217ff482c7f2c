"""Secrets that stand in the file are found, what comes from elsewhere or is no secret is not."""

from __future__ import annotations

import pytest

from alerts.config_doubts import Kind
from alerts.config_file import Surroundings, read
from connectors.targets import kinds

CANARY = "canary-9f2b7c11d0canary"
SLACK = "https://hooks.slack.com/services/T0/B0/" + "aZ4" * 8


def found(text: str, **environ: str) -> list[str]:
    """The paths, for a person."""
    known = {name: kind.Config for name, kind in kinds().items()}
    overrides = {"WINNOW_LLM_BASE_URL": ("classify", "llm", "base_url")}
    reading = read(text, "winnow.yaml", Surroundings(known, environ, overrides, read_secret=lambda _: CANARY))
    doubts = [doubt for doubt in reading.doubts() if doubt.kind is Kind.PLAIN_SECRET]
    assert CANARY not in str(doubts)
    assert CANARY not in repr(reading)
    return [reading.spelled(doubt.path) for doubt in doubts]


def hook(fields: str, kind: str = "webhook") -> str:
    return f"targets: [{{name: a, kind: {kind}, {fields}}}]"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (hook(f"routing_key: {CANARY}", "pagerduty"), "targets[0] (a).routing_key"),
        (hook(f"url: {SLACK}", "slack"), "targets[0] (a).url"),
        (hook("url: 'https://h.example.com/hooks/0123456789abcdef'"), "targets[0] (a).url"),
        (hook(f"url: 'https://u:{CANARY}@example.com'"), "targets[0] (a).url"),
        (hook("url: 'https://example.com/?token=abc'"), "targets[0] (a).url"),
        (hook(f"url: 'https://example.com', headers: {{X-Api-Key: {CANARY}}}"), "targets[0] (a).headers.X-Api-Key"),
        (f"kafka: {{client: {{sasl.password: {CANARY}}}}}", "kafka.client.sasl.password"),
        (
            f"gateway: {{sources: [{{name: s, bearer: {{token: {CANARY * 2}}}}}]}}",
            "gateway.sources[0] (s).bearer.token",
        ),
        (f"classify: {{llm: {{base_url: 'http://127.0.0.1', model: m, api_key: {CANARY}}}}}", "classify.llm.api_key"),
        (f"classify: {{llm: {{base_url: 'http://u:{CANARY}@h', model: m}}}}", "classify.llm.base_url"),
        (hook(f"routing_key: $${{{CANARY}}}", "pagerduty"), "targets[0] (a).routing_key"),
    ],
)
def test_secret_in_the_file_is_told_by_its_path(text: str, path: str) -> None:
    assert found(text) == [path]


def test_secret_is_told_although_a_variable_takes_its_place() -> None:
    text = f"classify: {{llm: {{base_url: 'http://u:{CANARY}@h', model: m}}}}"
    assert found(text, WINNOW_LLM_BASE_URL="http://127.0.0.1/v1") == ["classify.llm.base_url"]


@pytest.mark.parametrize(
    "text",
    [
        hook("routing_key: ${KEY}", "pagerduty"),
        hook("routing_key: '${OTHER:-only-for-trying-out-0123}'", "pagerduty"),
        hook("routing_key_file: key.txt", "pagerduty"),
        hook("url: 'https://hooks.slack.com/services/${KEY}'", "slack"),
        hook("url: 'https://u:${KEY}@example.com/?token=${KEY}'"),
        hook("url: 'https://h.example.com/incoming/generic_webhooks?channel=ops', token: '${KEY}'", "rootly"),
        hook("url: 'https://example.com', headers: {X-Team: operations-and-more, Authorization: 'Bearer ${KEY}'}"),
        "kafka: {client: {security.protocol: SASL_SSL, sasl.username: winnow, sasl.password: '${KEY}'}}",
        "kafka: {client: {sasl.password_file: key.txt}}",
    ],
)  # fmt: skip
def test_what_comes_from_elsewhere_or_is_no_secret_is_not_told(text: str) -> None:
    assert found(text, KEY=CANARY) == []
