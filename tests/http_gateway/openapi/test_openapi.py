"""What the gateway says of itself is true: its document, its examples, and its page."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

from alerts.config import Gateway as Settings
from alerts.config_sources import ApiKey, Basic, Bearer, Hmac, Source
from alerts.fields import Secret
from alerts.formats import bodies, formats
from alerts.webhook import NO_HEADERS, Received
from http_gateway.openapi import page as docs_page
from http_gateway.openapi.document import document as made
from http_gateway.openapi.security import requirements, schemes
from tests.support.events import NOW_MS
from tests.support.gateway import alert, webhook

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

KEY = Secret("more-than-sixteen-characters")
EXAMPLES = [
    pytest.param(name, kind, example, id=f"{name}-{kind}-{word}")
    for name, form in formats().items()
    for kind, body in bodies(form).items()
    for word, example in body.examples.items()
]


@pytest.fixture(scope="module")
def document(running: Gateway) -> dict[str, object]:
    answer = running.client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, object] = answer.json()
    return found


def test_it_is_openapi_3_1(document: dict[str, object]) -> None:
    assert document["openapi"] == "3.1.0"
    assert set(document) == {"openapi", "info", "paths", "components"}


def test_every_path_that_takes_alerts_is_in_it(document: dict[str, object]) -> None:
    paths = {path for form in formats().values() for path in form.PATHS}
    others = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/v2/status", "/-/healthy", "/-/ready"}
    assert set(document["paths"]) == paths | others  # type: ignore[call-overload]


@pytest.mark.parametrize("name", formats())
def test_format_describes_itself_with_an_example(name: str) -> None:
    assert any(body.examples for body in bodies(formats()[name]).values())


@pytest.mark.parametrize(("name", "kind", "example"), EXAMPLES)
def test_example_is_valid_by_its_schema_and_read_by_its_format(
    running: Gateway, document: dict[str, object], name: str, kind: str, example: object
) -> None:
    body = json.dumps(example).encode()
    webhook = formats()[name].read(Received(body, NOW_MS, {**NO_HEADERS, "content-type": kind}))
    assert not webhook.rejected
    for path in formats()[name].PATHS:
        operation = document["paths"][path]["post"]  # type: ignore[index]
        schema = operation["requestBody"]["content"][kind]["schema"]
        jsonschema_rs.validate({**schema, "components": document["components"]}, example)
        answer = running.client.post(path, content=body, headers={"content-type": kind})
        assert str(answer.status_code) in operation["responses"]
        assert answer.is_success, answer.text


def test_every_reference_leads_somewhere(document: dict[str, object]) -> None:
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))):
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in document["components"]["schemas"]  # type: ignore[index]


def test_page_shows_every_path_and_needs_nothing_from_elsewhere(running: Gateway, document: dict[str, object]) -> None:
    answer = running.client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert all(f"<code>{path}</code>" in answer.text for path in document["paths"])  # type: ignore[attr-defined]
    assert not re.findall(r"<(script|link|img|iframe)|\son\w+=|style=|@import|url\(", answer.text)


def test_page_shows_parameters_and_every_link_to_a_schema_leads_to_it(running: Gateway) -> None:
    page = running.client.get("/docs").text
    assert "<code>Prefer</code><td>header, string" in page
    assert "<code>wait</code><td>query, integer" in page
    assert '<p><a href="#schema-WebhookBody"><code>WebhookBody</code></a></p>' in page
    linked, there = (set(re.findall(pattern, page)) for pattern in (r'href="#([^"]+)"', r'id="([^"]+)"'))
    assert linked <= there
    assert {"schema-WebhookBody", "schema-Accepted", "schema-Refused"} <= linked


def test_page_says_of_a_mapping_that_any_json_may_be_sent(document: dict[str, object]) -> None:
    changed = copy.deepcopy(document)
    content = changed["paths"]["/v1/webhooks/grafana"]["post"]["requestBody"]["content"]  # type: ignore[index]
    content["application/json"]["schema"] = {}
    assert "<h3>Body: application/json</h3><p>Any JSON.</p>" in docs_page.render(changed)


def test_page_may_use_its_own_style_and_nothing_else(running: Gateway) -> None:
    answer = running.client.get("/docs")
    policies = answer.headers.get_list("content-security-policy")
    assert policies == [docs_page.POLICY]
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policies[0]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_sources_are_described_without_their_names() -> None:
    sources = [
        Source(name="team-secret", bearer=Bearer(token=KEY)),
        Source(name="b", basic=Basic(user="u", password=KEY), api_key=ApiKey(key=KEY)),
        Source(name="c", hmac=Hmac(flavour="github", secret=KEY)),
        Source(name="d", bearer=Bearer(token=KEY)),
    ]
    settings = Settings(sources=sources)
    assert requirements(settings) == [
        {"bearer": []}, {"basic": [], "key-x-api-key": []}, {"signature-x-hub-signature-256": []}
    ]  # fmt: skip
    assert set(schemes(settings)) == {"bearer", "basic", "key-x-api-key", "signature-x-hub-signature-256"}
    assert "team-secret" not in json.dumps(schemes(settings))


def test_status_asks_for_a_source_where_there_are_some_and_probes_never_do() -> None:
    paths = made({}, Settings(sources=[Source(name="a", bearer=Bearer(token=KEY))]))["paths"]
    assert paths["/api/v2/status"]["get"]["security"] == [{"bearer": []}]
    assert {"200", "401", "403"} <= set(paths["/api/v2/status"]["get"]["responses"])
    assert "security" not in paths["/readyz"]["get"]
    assert "security" not in made({}, Settings())["paths"]["/api/v2/status"]["get"]


def test_answer_to_a_sender_that_waits_is_as_described(running: Gateway, document: dict[str, object]) -> None:
    """Without a flow nothing is known when the time is up."""
    answer = running.client.post("/webhook/proxy?wait=1", content=webhook(alert(), {}))
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    operation = document["paths"]["/webhook/proxy"]["post"]  # type: ignore[index]
    schema = operation["responses"]["202"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**schema, "components": document["components"]}, answer.json())
    assert [result["status"] for result in answer.json()["alert_results"]] == ["pending", "failed"]
