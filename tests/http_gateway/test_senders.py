"""Who may send where, what others are told, and what is done with their bodies: over real HTTP."""

from __future__ import annotations

import gzip
import json
import re
import time

import pytest

from tests.http_gateway.test_contract import error, request
from tests.support.gateway import PLAIN, PROXY, Gateway, alert, webhook
from tests.support.product import wait_for
from tests.support.senders import STANDARD, github, secret, standard

TOKEN = "0123456789abcdef-current"
FROM = "x-forwarded-for"
INSIDE, OUTSIDE = "192.0.2.77", "198.51.100.1"


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {
        "sources": [
            {"name": "am", "bearer": {"token": TOKEN}, "paths": [PROXY]},
            {"name": "both", "api_key": {"key": secret("both", "current")}, "addresses": ["192.0.2.0/24"]},
            {"name": "std", "hmac": {"flavour": "standard-webhooks", "secret": STANDARD["current"]}, "paths": [PROXY]},
            {"name": "hub", "hmac": {"flavour": "github", "secret": secret("hub", "current")}, "addresses": [INSIDE]},
            {"name": "second", "bearer": {"token": TOKEN}},
            {"name": "monitoring", "api_key": {"key": secret("monitoring", "current")}, "paths": ["/metrics"]},
        ],
        "trusted_proxies": ["127.0.0.0/8"],
    }


def source_of(running: Gateway, ingest_id: str) -> object:
    (record,) = running.webhooks(ingest_id)
    return record.header["source"]


def lines(running: Gateway, event: str, **facts: object) -> list[dict[str, object]]:
    """The log's lines of this event with these facts."""
    found = [json.loads(line) for line in running.log().splitlines() if f'"{event}"' in line]
    return [line for line in found if line["event"] == event and facts.items() <= line.items()]


@pytest.mark.parametrize(("path", "source"), [(PROXY, "am"), (PLAIN, "second")])
def test_first_source_that_holds_is_the_alerts(running: Gateway, path: str, source: str) -> None:
    answer = running.post(webhook(alert()), path, authorization=f"bearer   {TOKEN}")
    assert source_of(running, answer.json()["ingest_id"]) == source


def test_all_that_a_source_gives_must_hold(running: Gateway) -> None:
    key = {"x-api-key": secret("both", "current")}
    assert running.post(webhook(alert()), **key, **{FROM: INSIDE}).status_code == 202
    error(running.post(webhook(alert()), **{FROM: INSIDE}), 401, "AUTHENTICATION_ERROR")
    # It has proved who it is.
    told = error(running.post(webhook(alert()), **key, **{FROM: OUTSIDE}), 403, "AUTHORIZATION_ERROR")
    assert told["message"] == "its sender may not do this"


def test_source_is_answered_403_on_a_path_it_may_not_use(running: Gateway) -> None:
    monitoring = {"x-api-key": secret("monitoring", "current")}
    error(running.post(webhook(alert()), **monitoring), 403, "AUTHORIZATION_ERROR")


def test_metrics_are_for_a_source_that_lists_them_and_probes_for_everybody(running: Gateway) -> None:
    assert running.client.get("/healthz").status_code == running.client.get("/readyz").status_code == 200
    monitoring = {"x-api-key": secret("monitoring", "current")}
    assert "winnow_gateway_admitted_total" in running.client.get("/metrics", headers=monitoring).text
    error(running.client.get("/metrics"), 401, "AUTHENTICATION_ERROR")
    sender = {"authorization": f"Bearer {TOKEN}"}
    error(running.client.get("/metrics", headers=sender), 403, "AUTHORIZATION_ERROR")
    assert running.client.get("/api/v2/status", headers=sender).status_code == 200
    error(running.client.get("/api/v2/status"), 401, "AUTHENTICATION_ERROR")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "authorization: Bearer 0123456789abcdef-wrong!!!",
        "webhook-id: a.b\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA",
        f"x-forwarded-for: {OUTSIDE}\r\nx-hub-signature-256: sha256={'0' * 64}",
        f"x-forwarded-for: {OUTSIDE}\r\nx-api-key: {secret('both', 'current')}",
    ],
    ids=["nothing", "wrong token", "no signature", "signature from elsewhere", "key from elsewhere"],
)
def test_who_is_refused_by_headers_is_answered_before_its_body_comes(running: Gateway, head: str) -> None:
    lines = f"{head}\r\ncontent-length: 1000".lstrip()
    with running.connected() as connection:
        connection.sendall(request(lines))
        assert connection.recv(12) in {b"HTTP/1.1 401", b"HTTP/1.1 403"}


def test_what_strangers_send_is_neither_read_nor_kept(running: Gateway) -> None:
    def kept() -> list[object]:
        return [entry["source"] for entry in running.quarantined(by="gateway") if "4f1d" in str(entry.get("body"))]

    garbage = b"no json, and a mark: 4f1d"
    error(running.post(garbage), 401, "AUTHENTICATION_ERROR")
    error(running.post(garbage, **standard("a wrong key for it", garbage, time.time())), 401, "AUTHENTICATION_ERROR")
    unpacked = {"content_encoding": "gzip", **standard("a wrong key for it", garbage, time.time())}
    error(running.post(garbage, **unpacked), 401, "AUTHENTICATION_ERROR")
    error(running.post(garbage, authorization=f"Bearer {TOKEN}"), 400, "VALIDATION_ERROR")
    wait_for(lambda: kept() == ["am"], "what a source sent is kept", 10)


def test_signature_is_that_of_the_body_as_it_came(running: Gateway) -> None:
    body = gzip.compress(webhook(alert("packed")))
    signed = {FROM: INSIDE, "content_encoding": "gzip", **github(secret("hub", "current"), body, 0)}
    assert running.post(body, **signed).status_code == 202
    error(running.post(body + b" ", **signed), 401, "AUTHENTICATION_ERROR")


def test_signature_is_not_looked_at_where_its_source_may_not_send(running: Gateway) -> None:
    body = webhook(alert())
    error(running.post(body, PLAIN, **standard(STANDARD["current"], body, time.time())), 401, "AUTHENTICATION_ERROR")


@pytest.mark.parametrize(
    ("path", "address", "reason", "name"),
    [(PLAIN, "203.0.113.5", "path", "std"), (PROXY, "203.0.113.6", "address", "hub")],
)
def test_log_says_why_a_signature_was_not_looked_at_and_whose_it_may_be(
    running: Gateway, path: str, address: str, reason: str, name: str
) -> None:
    body = webhook(alert())
    signed = (
        standard(STANDARD["current"], body, time.time()) if name == "std" else github(secret("hub", "current"), body, 0)
    )
    told = error(running.post(body, path, **signed, **{FROM: address}), 401, "AUTHENTICATION_ERROR")
    (line,) = lines(running, "sender_refused", request_id=told["request_id"])
    assert (line["reason"], line["may_be"], line["path"], line["address"]) == (reason, [name], path, address)


def test_each_address_reason_and_path_is_told_once_with_its_request_id(running: Gateway) -> None:
    wrong, here = {"authorization": "Bearer 0123456789abcdef-wrong"}, "203.0.113.7"
    sent = [(wrong, PROXY), ({}, PROXY), (wrong, PLAIN), (wrong, f"{PROXY}?token=in-the-query"), ({}, PROXY)]
    for place, (headers, path) in enumerate(sent):
        running.post(webhook(alert()), path, x_request_id=f"refused-{place}", **headers, **{FROM: here})
    told = [
        (line["request_id"], line["reason"], line["path"]) for line in lines(running, "sender_refused", address=here)
    ]
    assert told == [("refused-0", "wrong", PROXY), ("refused-1", "missing", PROXY), ("refused-2", "wrong", PLAIN)]
    assert "in-the-query" not in running.log()


def test_each_source_that_is_refused_is_told_with_its_path_and_request_id(running: Gateway) -> None:
    monitoring = {"x-api-key": secret("monitoring", "current"), FROM: "203.0.113.8"}
    for path in (PROXY, PLAIN, PROXY):
        error(
            running.post(webhook(alert()), path, x_request_id=f"for {path}", **monitoring), 403, "AUTHORIZATION_ERROR"
        )
    told = [(line["source"], line["request_id"]) for line in lines(running, "source_refused", address="203.0.113.8")]
    assert told == [("monitoring", f"for {PROXY}"), ("monitoring", f"for {PLAIN}")]


def test_sender_that_signs_anew_under_its_id_is_accepted_again(running: Gateway) -> None:
    body = webhook(alert("again"))
    for at_s in (time.time() - 10, time.time()):
        headers = standard(STANDARD["current"], body, at_s, "msg_again")
        assert running.post(body, **headers).status_code == 202
        error(running.post(body, **headers), 401, "AUTHENTICATION_ERROR")


def test_signed_request_that_holds_no_alert_is_answered_once(running: Gateway) -> None:
    body = webhook(7)
    headers = standard(STANDARD["current"], body, time.time())
    error(running.post(body, **headers), 400, "VALIDATION_ERROR")
    error(running.post(body, **headers), 401, "AUTHENTICATION_ERROR")


def test_clock_that_is_wrong_is_told_in_the_log_with_how_much(running: Gateway) -> None:
    body = webhook(alert())
    headers = standard(STANDARD["current"], body, time.time() + 4000)
    error(running.post(body, **headers, **{FROM: "198.51.100.200"}), 401, "AUTHENTICATION_ERROR")
    (told,) = re.findall(r'"signed_seconds_ago": ?(-?\d+)', running.log())
    assert -4001 <= int(told) <= -3990
