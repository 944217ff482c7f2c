"""Each limit of `gateway.limits`: at it a request passes, beyond it it is refused by name and counted."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from alerts.config_limits import Rate
from http_gateway.rates import Rates
from http_gateway.senders.client import parse
from tests.support.gateway import PLAIN, PROXY, Gateway, alert, gateway, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

BODY = webhook(alert())
LABELS = {"alertname": "A"}


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    limits = {
        "headers": 12,
        "header_size": "2KiB",
        "json_depth": 10,
        "labels": 5,
        "label_name": "20B",
        "label_value": "50B",
        "requests": 20,
        "incomplete": 3,
        "header_timeout": "1s",
        "idle_timeout": "1s",
    }
    return {"limits": limits, "request_timeout": "3s", "max_alerts_per_request": 3}


def count(running: Gateway, reason: str) -> float:
    return running.metric(f'winnow_gateway_refused_total{{reason="{reason}"}}')


def refused(running: Gateway, reason: str, response: httpx.Response, status: int, code: str) -> str:
    """The message, after a look at all else."""
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert count(running, reason) >= 1
    return str(response.json()["error"]["message"])


def nested(levels: int) -> bytes:
    """A webhook whose lists and objects lie this deep in each other."""
    return webhook(alert(extra=None)).replace(b"null", b"[" * (levels - 3) + b"]" * (levels - 3))


def test_body_at_the_depth_passes_and_one_level_more_is_answered_400(running: Gateway) -> None:
    assert running.post(nested(10)).status_code == 202
    message = refused(running, "json_depth", running.post(nested(11)), 400, "VALIDATION_ERROR")
    assert message == "nested deeper than 10 levels"


def test_more_alerts_than_the_proxy_takes_are_counted(running: Gateway) -> None:
    response = running.post(webhook(*[alert()] * 4))
    assert refused(running, "alerts", response, 400, "VALIDATION_ERROR") == "too many alerts"


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        ("labels", {f"l{n}": "x" for n in range(4)}, {f"l{n}": "x" for n in range(5)}),
        ("label_name", {"n" * 20: "x"}, {"n" * 21: "x"}),
        ("label_value", {"n": "ü" * 25}, {"n": "ü" * 25 + "x"}),
    ],
)
@pytest.mark.parametrize("path", [PROXY, PLAIN])
def test_alert_over_a_limit_is_quarantined_and_those_beside_it_are_stored(
    running: Gateway, limit: str, good: dict[str, str], bad: dict[str, str], path: str
) -> None:
    before = count(running, limit)
    response = running.post(webhook(alert(labels=LABELS | good), alert(labels=LABELS | bad)), path)
    assert response.status_code == 207
    (detail,) = response.json()["details"]
    assert detail["field"].startswith("alerts[1].labels")
    assert "at most" in detail["error"]
    assert count(running, limit) == before + 1


def test_headers_beyond_the_number_are_answered_431(running: Gateway) -> None:
    own = len(running.post(BODY).request.headers)
    extra = {f"x_{n}": "1" for n in range(12 - own)}
    assert running.post(BODY, **extra).status_code == 202
    refused(running, "headers", running.post(BODY, **extra, x_more="1"), 431, "HEADERS_TOO_LARGE")


def test_headers_beyond_the_size_are_answered_431(running: Gateway) -> None:
    assert running.post(BODY, x_large="x" * 1500).status_code == 202
    refused(running, "header_size", running.post(BODY, x_large="x" * 2000), 431, "HEADERS_TOO_LARGE")
    assert running.post(BODY, x_large="x" * 1_000_000).status_code == 431


def begun(length: int = 10, sent: bytes = b"{") -> bytes:
    """A request that waits for the rest of its body."""
    return f"POST {PROXY} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n".encode() + sent


def test_body_whose_next_part_does_not_come_is_answered_504(running: Gateway) -> None:
    before = count(running, "slow")
    with running.connected() as slow:
        slow.sendall(begun())
        assert slow.recv(100).startswith(b"HTTP/1.1 504")
    assert count(running, "slow") == before + 1


def test_body_that_comes_byte_by_byte_has_an_end_too(running: Gateway) -> None:
    with running.connected() as slow:
        started = time.monotonic()
        slow.sendall(begun(100_000))
        answered = threading.Event()

        def drip() -> None:
            while not answered.wait(0.2):
                slow.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert slow.recv(100).startswith(b"HTTP/1.1 504")
        finally:
            answered.set()
            dripping.join()
        assert 2.5 < time.monotonic() - started < 10


def test_headers_that_do_not_come_close_the_connection(running: Gateway) -> None:
    with running.connected() as half, running.connected() as silent, running.connected() as idle:
        half.sendall(b"POST /webhook/proxy HTTP/1.1\r\nhost: x\r\n")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert idle.recv(10_000).startswith(b"HTTP/1.1 200")
        for connection in (half, silent, idle):
            connection.settimeout(10)
            answer = connection.recv(1000)
            assert not answer or answer.startswith(b"HTTP/1.1 408"), answer


def await_under_way(running: Gateway, number: int) -> None:
    wait_for(lambda: running.metric("winnow_http_requests_in_flight") >= number, f"{number} are under way", 5)


def test_slow_bodies_make_room_for_each_other_and_harm_nobody_else(running: Gateway) -> None:
    with ExitStack() as connections:
        slow = [connections.enter_context(running.connected()) for _ in range(4)]
        for number, connection in enumerate(slow):
            connection.sendall(begun())
            await_under_way(running, min(number + 1, 3))
        answer = slow[0].recv(1000)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer
        assert running.post(BODY).status_code == 202
    assert count(running, "incomplete") >= 1


def test_largest_of_the_bodies_under_way_makes_room(tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]) -> None:
    limits = {"incomplete_size": "2MiB", "compressed_body": "1MiB"}
    with gateway(tmp_path, embedded[1], max_body="1MiB", limits=limits) as running, ExitStack() as connections:
        body = BODY + b" " * 580_000
        large = connections.enter_context(running.connected())
        # Whatever the gateway has read of the others: together they are too much only when this is the largest.
        large.sendall(begun(len(body) + 420_001, body + b" " * 420_000))
        others = [connections.enter_context(running.connected()) for _ in range(2)]
        for other in others:
            other.sendall(begun(len(body), body[:-1]))
        assert large.recv(1000).startswith(b"HTTP/1.1 503")
        assert running.post(BODY).status_code == 202
        for other in others:
            other.sendall(body[-1:])
            assert other.recv(1000).startswith(b"HTTP/1.1 202")
        assert count(running, "incomplete") == 1


def test_requests_beyond_those_under_way_are_answered_503_at_once(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    kafka, config = embedded
    with gateway(tmp_path, config, limits={"requests": 2}) as running:
        assert running.post(BODY).status_code == 202
        kafka.set_rtt(1500)
        try:
            answers: list[int] = []
            senders = [
                threading.Thread(target=lambda: answers.append(running.post(BODY).status_code)) for _ in range(2)
            ]
            for sender in senders:
                sender.start()
            await_under_way(running, 2)
            response = running.post(BODY)
            assert response.headers["retry-after"] == "1"
            refused(running, "requests", response, 503, "SERVICE_UNAVAILABLE")
            for sender in senders:
                sender.join()
            assert answers == [202, 202]
        finally:
            kafka.set_rtt(0)
        assert running.post(BODY).status_code == 202


def test_client_beyond_its_rate_is_answered_429_and_another_is_not(
    tmp_path: Path, embedded: tuple[EmbeddedBroker, Kafka]
) -> None:
    limits = {"rate": {"requests": 0.01, "burst": 2}}
    with gateway(tmp_path, embedded[1], limits=limits, trusted_proxies=["127.0.0.1/32"]) as running:
        assert [running.post(BODY, x_forwarded_for="192.0.2.1").status_code for _ in range(2)] == [202, 202]
        response = running.post(BODY, x_forwarded_for="192.0.2.1")
        assert 1 <= int(response.headers["retry-after"]) <= 100
        refused(running, "rate", response, 429, "RATE_LIMIT_ERROR")
        assert running.post(BODY, x_forwarded_for="192.0.2.2").status_code == 202
        assert running.client.get("/readyz").status_code == 200


def test_rate_lets_through_what_was_agreed_over_time() -> None:
    rates = Rates(Rate(requests=2, burst=3))
    one, other = parse("192.0.2.1"), parse("192.0.2.2")
    passed = [now for now in range(0, 10_000, 100) if not rates.wait_s(one, now)]
    assert passed == [0, 100, 200, *range(500, 10_000, 500)]
    assert rates.wait_s(one, 9999) == pytest.approx(0.001)
    assert rates.wait_s(other, 9999) == 0
