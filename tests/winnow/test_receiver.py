"""The receiver over real loopback HTTP, and what it prints."""

from __future__ import annotations

import io
import json
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from rich.console import Console

from alerts.errors import ConfigError
from connectors.arrival import Arrival, arrival
from connectors.inbox import Inbox
from connectors.request import Request
from connectors.targets import kinds
from tests.support.build import AT, alert, delivery
from winnow.receiver import people, show_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.decision import Delivery

PAGERDUTY = {
    "routing_key": "R0UTINGKEY00000000000000000000AB",
    "event_action": "resolve",
    "dedup_key": "9031535530e7f5c3",
    "payload": {
        "summary": "db is back",
        "severity": "critical",
        "custom_details": {"alertname": "PostgresDown"},
    },
}
WEBHOOK = {
    "alert_name": "DiskFull",
    "status": "firing",
    "fingerprint": "5eee50e9a59871dd",
    "classification": {"severity": "warning"},
    "labels": {"severity": "info"},
}
SLACK = {
    "text": "DiskFull",
    "attachments": [{"blocks": [{"fields": [{"text": "*Status*\nfiring"}, {"text": "*Severity*\nwarning"}]}]}],
}


def post(path: str, body: object, **options: int | timedelta) -> httpx.Response:
    status, delay = options.get("status"), options.get("delay")
    assert status is None or isinstance(status, int)
    assert delay is None or isinstance(delay, timedelta)
    with Inbox("127.0.0.1:0", lambda *_: None, status=status, delay=delay) as inbox:
        return httpx.post(inbox.url + path, json=body, trust_env=False)


def printed(path: str, body: object, headers: dict[str, str] | None = None) -> str:
    screen = io.StringIO()
    taken = arrival("POST", path, headers or {}, json.dumps(body).encode())
    people(Console(file=screen, force_terminal=False))(taken, 200)
    return screen.getvalue()


def test_ids_of_a_list_are_those_of_its_alerts() -> None:
    alerts = [{"labels": {"alertname": name}, "startsAt": "2026-11-24T03:00:00Z"} for name in ("Down", "Slow")]
    taken = arrival("POST", "/api/v2/alerts", {"webhook-id": "n1, n2"}, json.dumps(alerts).encode())
    assert [(one.name, one.id) for one in taken.notifications()] == [("Down", "n1"), ("Slow", "n2")]
    alone = taken._replace(headers={"webhook-id": "n1"})
    assert [one.id for one in alone.notifications()] == ["n1", "n1"]


def test_pagerduty_is_answered_as_pagerduty_does() -> None:
    answer = post("/v2/enqueue", PAGERDUTY)
    assert answer.status_code == 202
    told = {"status": "success", "message": "Event processed", "dedup_key": "9031535530e7f5c3"}
    assert answer.json() == told


@pytest.mark.parametrize(("path", "text"), [("/slack/T0", "ok"), ("/api/v2/alerts", ""), ("/hook", "{}")])
def test_others_are_answered_200(path: str, text: str) -> None:
    answer = post(path, WEBHOOK)
    assert (answer.status_code, answer.text) == (200, text)


def test_fixed_status_takes_the_place_of_the_real_answer() -> None:
    assert post("/v2/enqueue", PAGERDUTY, status=503).status_code == 503


def test_answer_waits_for_the_delay() -> None:
    start = time.monotonic()
    post("/hook", WEBHOOK, delay=timedelta(milliseconds=200))
    assert time.monotonic() - start >= 0.2


def test_one_connection_serves_many_requests_without_pauses() -> None:
    taken: list[Arrival] = []
    with (
        Inbox("127.0.0.1:0", lambda one, _: taken.append(one)) as inbox,
        httpx.Client(trust_env=False) as client,
    ):
        streams, took_s = set(), []
        for _ in range(50):
            start = time.monotonic()
            streams.add(client.post(inbox.url, json=WEBHOOK).extensions["network_stream"])
            took_s.append(time.monotonic() - start)
    assert len(taken) == 50
    assert len(streams) == 1
    # Without TCP_NODELAY, or with head and body in two packets, each takes 40 ms but the first ones; on a machine that
    # has much to do some take longer all the same.
    assert sorted(took_s)[15] < 0.03


def test_requests_of_many_connections_are_all_taken() -> None:
    taken: list[Arrival] = []
    with Inbox("127.0.0.1:0", lambda one, _: taken.append(one)) as inbox:
        threads = [threading.Thread(target=_post_ten, args=(inbox.url,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(taken) == 200


def _post_ten(url: str) -> None:
    with httpx.Client(trust_env=False) as client:
        for _ in range(10):
            client.post(url, json=WEBHOOK)


def test_body_without_a_length_is_refused_and_the_server_goes_on() -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as inbox:
        assert httpx.post(inbox.url, content=iter([b"{", b"}"]), trust_env=False).status_code == 411
        assert httpx.post(inbox.url, json={}, trust_env=False).status_code == 200


def test_taken_port_is_told_with_the_option_to_change() -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as inbox:
        taken = inbox.url.removeprefix("http://")
        with pytest.raises(ConfigError, match=r"cannot listen on .*--listen"):
            Inbox(taken, lambda *_: None)


def test_webhook_is_printed_with_what_identifies_it() -> None:
    text = printed("/hook", WEBHOOK, {"webhook-id": "n1"})
    for part in ("webhook", "firing", "warning", "DiskFull", "fingerprint 5eee50e9a59871dd", "id n1"):
        assert part in text


@pytest.mark.parametrize("wrap", [lambda inner: inner, lambda inner: {"payload": {"custom_details": inner}}])
def test_who_classified_is_printed_and_no_other_source(wrap: Callable[[object], object]) -> None:
    inner = {"classification": {"severity": "warning", "source": "llm", "rule": "small"}, "source": "db-1"}
    assert "by llm: small  POST /hook" in printed("/hook", wrap(inner))
    assert "by " not in printed("/hook", wrap({"source": "db-1", "rule": "r"}))


def test_pagerduty_resolve_is_printed_as_resolved() -> None:
    text = printed("/v2/enqueue", PAGERDUTY)
    for part in ("pagerduty", "resolved", "critical", "PostgresDown", "9031535530e7f5c3"):
        assert part in text


def test_slack_message_is_read_by_its_words() -> None:
    text = printed("/slack/T0", SLACK)
    for part in ("slack", "firing", "warning", "DiskFull"):
        assert part in text


def test_each_alert_of_an_alertmanager_post_is_printed() -> None:
    alert = {"labels": {"alertname": "A", "severity": "info"}, "startsAt": "2026-01-01T00:00:00Z"}
    ended = {"labels": {"alertname": "B"}, "startsAt": alert["startsAt"], "endsAt": "2026-01-01T01:00:00Z"}
    kept = {"labels": {"alertname": "C"}, "startsAt": alert["startsAt"], "endsAt": "9999-01-01T01:00:00Z"}
    first, _, second, _, third, _ = printed("/api/v2/alerts", [alert, ended, kept]).splitlines()
    assert first.split()[-3:] == ["firing", "info", "A"]
    assert second.split()[-3:] == ["resolved", "-", "B"]
    assert third.split()[-3:] == ["firing", "-", "C"]


NASTY = "\x1b]0;owned\x07 \x9b31m \u202e \x7f \ud800 [red]x[/red]\r\n"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/hook", {"alert_name": NASTY, "status": NASTY, "fingerprint": NASTY}),
        ("/v2/enqueue", {"event_action": NASTY, "dedup_key": NASTY, "payload": {"summary": NASTY}}),
        ("/slack", {"text": NASTY}),
        (f"/{NASTY}", NASTY),
    ],
)
@pytest.mark.parametrize("show", ["people", "json"])
def test_control_characters_never_reach_the_terminal(
    path: str, body: object, show: str, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = arrival("POST", path, {"webhook-id": NASTY}, json.dumps(body).encode())
    screen: Callable[[Arrival, int], None] = show_json if show == "json" else people(Console(highlight=False))
    screen(taken, 200)
    text = capsys.readouterr().out
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    assert "[red]x[/red]" in text or "red" not in path + str(body)


def test_json_line_holds_path_webhook_headers_and_body(capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"webhook-id": "n1", "authorization": "Bearer secret"}
    show_json(arrival("POST", "/hook?x=1", headers, json.dumps(WEBHOOK).encode()), 200)
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["path"], told["headers"], told["body"]) == ("/hook?x=1", {"webhook-id": "n1"}, WEBHOOK)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"null", b"3", b"[]", b"[" * 100_000, b'{"payload":' * 900])
@pytest.mark.parametrize("path", ["/hook", "/slack", "/v2/enqueue", "/api/v2/alerts"])
def test_any_body_is_shown(path: str, body: bytes) -> None:
    people(Console(file=io.StringIO()))(arrival("POST", path, {}, body), 200)


@pytest.mark.parametrize("path", ["/hook", "/slack"])
def test_deeply_nested_body_is_shown(path: str) -> None:
    body = b'{"payload":' * 500 + b"1" + b"}" * 500
    people(Console(file=io.StringIO()))(arrival("POST", path, {}, body), 200)


@pytest.mark.parametrize("kind", sorted(set(kinds()) - {"kafka"}))
@pytest.mark.parametrize("change_event", ["false", "true"])
def test_what_is_replayed_is_told_apart_whatever_its_target(kind: str, change_event: str) -> None:
    config = kinds()[kind].Config.model_validate(kinds()[kind].EXAMPLE)
    told = delivery(alert=alert(labels={**alert().labels, "change_event": change_event}))

    def shown(one: Delivery) -> str:
        made = kinds()[kind].render(config, one, AT)
        assert isinstance(made, Request)
        return printed(urlsplit(made.url).path, json.loads(made.body))

    assert "replayed" not in shown(told)
    assert "  replayed\n" in shown(told._replace(replayed=True))
