"""A source without a body's signature: whose request it is, and what others are told."""

from __future__ import annotations

import pytest

from tests.http_gateway.test_contract import error
from tests.support.gateway import PLAIN, PROXY, Gateway, alert, webhook

TOKEN = "0123456789abcdef-current"


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {"sources": [{"name": "am", "bearer": {"token": TOKEN}, "paths": [PROXY]}]}


def test_source_with_its_token_is_accepted_and_stands_in_the_record(running: Gateway) -> None:
    answer = running.post(webhook(alert()), authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 202
    (record,) = running.webhooks(answer.json()["ingest_id"])
    assert record.header["source"] == "am"


def test_nobody_else_is(running: Gateway) -> None:
    answer = running.post(webhook(alert()))
    error(answer, 401, "AUTHENTICATION_ERROR")
    assert answer.headers["www-authenticate"] == 'Bearer realm="winnow"'


def test_known_source_is_answered_403_where_it_may_not_send(running: Gateway) -> None:
    error(running.post(webhook(alert()), PLAIN, authorization=f"Bearer {TOKEN}"), 403, "AUTHORIZATION_ERROR")


def test_probes_need_no_credentials_and_metrics_do(running: Gateway) -> None:
    assert running.client.get("/healthz").status_code == 200
    assert running.client.get("/readyz").status_code == 200
    error(running.client.get("/metrics"), 401, "AUTHENTICATION_ERROR")
