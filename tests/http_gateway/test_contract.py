"""Every row of the contract's error table that needs no broken Kafka, and what all answers share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.support.gateway import PLAIN, PROXY, Gateway, alert, webhook

if TYPE_CHECKING:
    import httpx

PATHS = [PROXY, "/api/v1/webhook/proxy", PLAIN]
EVERYWHERE = ["/healthz", "/readyz", "/metrics", "/nowhere", PROXY]
SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
LIMIT_BYTES = 4096


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {"max_body": f"{LIMIT_BYTES}B", "max_alerts_per_request": 3, "request_timeout": "500ms"}


def error(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The error, after a look at its shape."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    body: dict[str, object] = response.json()["error"]
    assert body.keys() == {"code", "message", "details", "timestamp", "request_id"}
    assert body["code"] == code
    assert body["request_id"] == response.headers["x-request-id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(body["timestamp"]))
    return body


def request(head: str, body: bytes = b"", path: str = PROXY) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: gateway\r\n{head}\r\n\r\n".encode() + body


@pytest.mark.parametrize("path", PATHS)
def test_valid_webhook_is_answered_202_with_its_counts(running: Gateway, path: str) -> None:
    response = running.post(webhook(alert("a"), alert("b")), path)
    assert response.status_code == 202
    answer = response.json()
    assert re.fullmatch(r"[0-9a-f]{32}", answer["ingest_id"])
    assert answer["alerts_summary"] == {"total_received": 2, "total_accepted": 2, "total_quarantined": 0}


@pytest.mark.parametrize("path", PATHS)
def test_partly_valid_webhook_is_answered_207_naming_each_fault(running: Gateway, path: str) -> None:
    bad = alert("b", status="broken", startsAt="yesterday")
    response = running.post(webhook(alert("a"), bad, alert("c")), path)
    assert response.status_code == 207
    answer = response.json()
    assert answer["alerts_summary"] == {"total_received": 3, "total_accepted": 2, "total_quarantined": 1}
    assert [fault["field"] for fault in answer["details"]] == ["alerts[1].status", "alerts[1].startsAt"]


@pytest.mark.parametrize("path", PATHS)
def test_webhook_without_a_valid_alert_is_a_validation_error_with_details(running: Gateway, path: str) -> None:
    response = running.post(webhook(alert("a", labels={}), 7), path)
    details = error(response, 400, "VALIDATION_ERROR")["details"]
    assert isinstance(details, list)
    assert [fault["field"] for fault in details] == ["alerts[0].labels.alertname", "alerts[1]"]


def test_details_name_every_faulty_field_of_the_envelope(running: Gateway) -> None:
    response = running.post(orjson.dumps({"alerts": [], "receiver": "", "status": 1, "truncatedAlerts": -1}))
    details = error(response, 400, "VALIDATION_ERROR")["details"]
    assert isinstance(details, list)
    assert {fault["field"] for fault in details} == {"alerts", "receiver", "status", "truncatedAlerts"}


def test_alerts_of_one_request_are_limited_on_the_proxy_path_only(running: Gateway) -> None:
    four = webhook(*(alert(str(number)) for number in range(4)))
    assert error(running.post(four), 400, "VALIDATION_ERROR")["details"] == [
        {"field": "alerts", "error": "at most 3 alerts a request, got 4"}
    ]
    assert running.post(four, PLAIN).status_code == 202


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_answered_405_with_allow(running: Gateway, path: str, method: str) -> None:
    response = running.client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    if method != "HEAD":
        error(response, 405, "METHOD_NOT_ALLOWED")


def test_post_to_what_can_only_be_read_is_answered_405_with_allow(running: Gateway) -> None:
    response = running.client.post("/healthz")
    error(response, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/webhook/proxy/", "/metrics/", "/healthz/", "/%ff", "/%ED%A0%80", "/" + "x" * 5000]
)
def test_unknown_path_is_answered_404(running: Gateway, path: str) -> None:
    error(running.client.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/jsonp", "application/x-json; a=b"])
def test_other_media_types_are_answered_415(running: Gateway, kind: str) -> None:
    error(running.post(webhook(alert()), content_type=kind), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;a=b"])
def test_json_with_parameters_is_accepted(running: Gateway, kind: str) -> None:
    assert running.post(webhook(alert()), content_type=kind).status_code == 202


def test_body_without_a_media_type_is_accepted(running: Gateway) -> None:
    assert running.client.post(PROXY, content=webhook(alert())).status_code == 202


def test_body_at_the_limit_is_read_and_one_byte_more_is_answered_413(running: Gateway) -> None:
    body = webhook(alert())
    assert running.post(body.ljust(LIMIT_BYTES)).status_code == 202
    assert str(LIMIT_BYTES) in str(error(running.post(body.ljust(LIMIT_BYTES + 1)), 413, "PAYLOAD_TOO_LARGE"))


@pytest.mark.parametrize("expect", ["", "expect: 100-continue\r\n"])
def test_announced_large_body_is_refused_before_it_is_sent(running: Gateway, expect: str) -> None:
    with running.connected() as connection:
        connection.sendall(request(f"{expect}content-length: {LIMIT_BYTES + 1}"))
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_endless_chunked_body_is_refused_and_not_read_any_further(running: Gateway) -> None:
    chunks = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 1000
    with running.connected() as connection:
        connection.sendall(request("transfer-encoding: chunked"))
        # What fits into the buffers of two sockets is gone before anybody can refuse it.
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            connection.sendall(chunks)


def test_chunked_body_over_the_limit_is_answered_413(running: Gateway) -> None:
    with running.connected() as connection:
        connection.sendall(request("transfer-encoding: chunked", b"1001\r\n" + b" " * 0x1001 + b"\r\n"))
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_body_that_stops_coming_is_answered_504(running: Gateway) -> None:
    with running.connected() as connection:
        connection.sendall(request("content-length: 10", b"{"))
        assert connection.recv(100).startswith(b"HTTP/1.1 504 ")


def test_body_that_trickles_in_is_answered_504(running: Gateway) -> None:
    with running.connected() as connection:
        connection.settimeout(0.05)
        connection.sendall(request("content-length: 1000"))
        answer = b""
        for _ in range(100):
            connection.sendall(b" ")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
            break
        assert answer.startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_has_the_security_headers(running: Gateway, path: str) -> None:
    headers = running.client.get(path).headers
    assert headers.items() >= SECURITY.items()
    assert re.fullmatch(r"\d+\.\d{3}ms", headers["x-processing-time"])
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", EVERYWHERE)
def test_request_id_of_the_sender_is_echoed(running: Gateway, path: str) -> None:
    response = running.client.get(path, headers={"x-request-id": "call 7/"})
    assert response.headers["x-request-id"] == "call 7/"


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("sent", [b"", b"x" * 129, "ä".encode(), b"\xff\xfe", b"a\tb"])
def test_hostile_request_id_is_replaced(running: Gateway, path: str, sent: bytes) -> None:
    response = running.client.get(path, headers=[(b"x-request-id", sent)])
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


def test_ids_made_for_requests_differ(running: Gateway) -> None:
    made = {running.client.get("/healthz").headers["x-request-id"] for _ in range(10)}
    assert len(made) == 10


def test_what_is_answered_is_counted(running: Gateway) -> None:
    running.client.get(PROXY)
    counted = running.client.get("/metrics").text
    assert f'winnow_http_requests_total{{path="{PROXY}",status="405"}}' in counted
    assert "winnow_http_requests_in_flight 0.0" in counted


def test_trace_context_is_stored_and_an_invalid_one_ignored(running: Gateway) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for sent, stored in ((given, given), ("00-0-0-0", None)):
        response = running.post(webhook(alert()), traceparent=sent)
        assert response.status_code == 202
        (record,) = running.webhooks(response.json()["ingest_id"])
        assert record.header.get("traceparent") == stored
