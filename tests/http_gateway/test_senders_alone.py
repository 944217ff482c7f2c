"""What takes a gateway of its own: Kafka away, secrets that change, many failures, what leaves the process."""

from __future__ import annotations

import base64
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from http_gateway.senders.failures import FREE_PER_MINUTE
from tests.http_gateway.test_contract import request
from tests.support.gateway import Gateway, alert, gateway, webhook
from tests.support.product import wait_for
from tests.support.senders import SIGNERS, STANDARD, secret, sources, standard

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

Broker = tuple["EmbeddedBroker", "Kafka"]
OLD, NEW, LAST = "the-old-token-of-it", "the-new-token-of-it", "the-last-token-of-it"


def with_token(running: Gateway, token: str, **headers: str) -> httpx.Response:
    return running.post(webhook(alert()), authorization=f"Bearer {token}", **headers)


def test_signed_request_that_was_answered_503_can_come_again(tmp_path: Path, embedded: Broker) -> None:
    kafka, settings = embedded
    source = {"name": "std", "hmac": {"flavour": "standard-webhooks", "secret": STANDARD["current"]}}
    with gateway(tmp_path, settings, sources=[source], produce_timeout="300ms") as running:
        body = webhook(alert())
        # The first request waits for the producer to learn of the topics.
        wait_for(
            lambda: running.post(body, **standard(STANDARD["current"], body, time.time())).status_code == 202,
            "stored",
            20,
        )
        headers = standard(STANDARD["current"], body, time.time())
        kafka.set_down()
        assert running.post(body, **headers).status_code == 503
        kafka.set_up()
        wait_for(lambda: running.post(body, **headers).status_code == 202, "Kafka is back", 20)
        assert running.post(body, **headers).status_code == 401


def test_secrets_are_read_again_when_their_files_change(tmp_path: Path, embedded: Broker) -> None:
    token, previous = tmp_path / "token", tmp_path / "previous"
    token.write_text(OLD)
    previous.write_text(OLD)
    source = {"name": "am", "bearer": {"token_file": "token", "previous_file": "previous"}}
    with gateway(tmp_path, embedded[1], sources=[source]) as running:

        def statuses() -> list[int]:
            return [with_token(running, each).status_code for each in (OLD, NEW, LAST)]

        def is_told(times: int) -> bool:
            return running.log().count("secret_file_unusable") == times

        assert statuses() == [202, 401, 401]
        (tmp_path / "next").write_text(f"{NEW}\n")
        (tmp_path / "next").rename(token)
        wait_for(lambda: statuses() == [202, 202, 401], "the new one holds, and the previous one still does", 10)
        previous.write_text(NEW)
        wait_for(lambda: statuses() == [401, 202, 401], "the old one holds no more", 10)
        for spoil in (lambda: token.write_text(""), token.unlink, lambda: token.write_text("too short")):
            told = running.log().count("secret_file_unusable") + 1
            spoil()
            wait_for(partial(is_told, told), "it is told", 10)
            assert statuses() == [401, 202, 401]
        token.write_text(LAST)
        wait_for(lambda: statuses() == [401, 202, 202], "the last one holds", 10)
        assert "secret_file_usable" in running.log()
        assert not any(each in running.log() for each in (OLD, NEW, LAST))


def test_who_fails_often_is_slowed_down_and_its_neighbours_are_not(tmp_path: Path, embedded: Broker) -> None:
    source = {"name": "am", "bearer": {"token": OLD}}
    with gateway(tmp_path, embedded[1], sources=[source], trusted_proxies=["127.0.0.1"], open_metrics=True) as running:
        assert with_token(running, OLD).status_code == 202
        for _ in range(FREE_PER_MINUTE):
            answer = with_token(running, NEW)
            assert answer.status_code == 401
            assert answer.elapsed.total_seconds() < 1
        slowed = with_token(running, NEW)
        assert (slowed.status_code, slowed.elapsed.total_seconds() >= 1) == (401, True)
        # The right one from the same address, and a wrong one from another.
        assert with_token(running, OLD).elapsed.total_seconds() < 1
        assert with_token(running, NEW, x_forwarded_for="192.0.2.1").elapsed.total_seconds() < 1
        counted = running.client.get("/metrics").text
        assert f'winnow_gateway_unauthorized_total{{reason="wrong"}} {FREE_PER_MINUTE + 2}.0' in counted
        assert 'winnow_gateway_admitted_total{source="am"} 2.0' in counted
        assert running.log().count("sender_refused") == 3


def test_who_fails_faster_than_it_is_slowed_down_loses_its_connections(tmp_path: Path, embedded: Broker) -> None:
    with (
        gateway(tmp_path, embedded[1], sources=[{"name": "am", "bearer": {"token": OLD}}]) as running,
        ExitStack() as all_,
    ):
        for _ in range(FREE_PER_MINUTE):
            with_token(running, NEW)
        connections = [all_.enter_context(running.connected()) for _ in range(12)]
        for connection in connections:
            connection.sendall(request("content-length: 0"))
        answers = [connection.recv(10_000) for connection in connections]
        assert all(answer.startswith(b"HTTP/1.1 401 ") for answer in answers)
        closed = [each for each, answer in zip(connections, answers, strict=True) if b"connection: close" in answer]
        assert 0 < len(closed) < 12
        assert [connection.recv(1) for connection in closed] == [b""] * len(closed)


def test_secrets_stand_in_no_answer_log_line_metric_or_record(tmp_path: Path, embedded: Broker) -> None:
    with gateway(tmp_path, embedded[1], sources=sources(), open_metrics=True) as running:
        answers: list[str] = []
        for kind, sign in SIGNERS.items():
            for age in ("current", "previous", "wrong"):
                body = webhook(alert(f"{kind}-{age}"))
                for path in ("/webhook/proxy", "/nowhere", "/metrics"):
                    answer = running.post(body, path, **sign(secret(kind, age), body, time.time()))
                    answers += [answer.text, str(answer.headers)]
        left = "\n".join([*answers, running.client.get("/metrics").text, running.log()])
        left += "".join(repr(record) for record in running.stored("webhooks"))
    for kind in SIGNERS:
        for age in ("current", "previous", "wrong"):
            text = secret(kind, age)
            forms = (text, base64.b64encode(text.encode()).decode(), text.removeprefix("whsec_"))
            assert not any(form in left for form in forms), f"the {age} secret of {kind}"
