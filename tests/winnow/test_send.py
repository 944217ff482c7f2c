"""`winnow send` against a real loopback server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.errors import WinnowError
from alerts.fingerprint import fingerprint
from connectors.inbox import Inbox
from tests.support.events import read
from winnow._application import application
from winnow._headers import headers
from winnow.send import example_body

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from connectors.arrival import Arrival

NOW = datetime(2026, 11, 24, 3, 0, 0, 5000, tzinfo=UTC)


def send(*arguments: str, typed: str = "", status: int | None = None) -> tuple[Result, list[Arrival]]:
    taken: list[Arrival] = []
    with Inbox("127.0.0.1:0", lambda one, _: taken.append(one), status=status) as inbox:
        result = CliRunner().invoke(application("send"), ["send", *arguments, "--url", inbox.url], input=typed)
    return result, taken


def test_example_is_what_the_alertmanager_format_reads() -> None:
    body = example_body({}, NOW, is_over=False)
    (alert,) = read(json.dumps(body).encode()).submissions
    assert (alert.labels["alertname"], alert.status, alert.starts_at) == (
        "PostgresDown",
        "firing",
        "2026-11-24T03:00:00.005Z",
    )
    assert alert.fingerprint == fingerprint(alert.labels)


def test_resolve_is_about_the_same_alert_and_has_an_end() -> None:
    firing, over = (read(json.dumps(example_body({}, NOW, is_over=is_over)).encode()) for is_over in (False, True))
    assert over.submissions[0].fingerprint == firing.submissions[0].fingerprint
    assert over.submissions[0].ends_at == "2026-11-24T03:00:00.005Z"


def test_name_and_labels_vary_the_example() -> None:
    _, (taken,) = send("--example", "--name", "DiskFull", "--label", "instance=db-2", "--label", "expr=a=b")
    assert isinstance(taken.body, dict)
    labels = taken.body["alerts"][0]["labels"]
    assert (labels["alertname"], labels["instance"], labels["expr"]) == ("DiskFull", "db-2", "a=b")


def test_it_posts_to_the_proxy_endpoint_and_prints_the_answer() -> None:
    result, (taken,) = send("--example")
    assert taken.path == "/webhook/proxy"
    assert taken.headers["content-type"] == "application/json"
    assert result.exit_code == 0
    assert "200 OK" in result.stdout


def test_answer_comes_for_machines_too() -> None:
    result, _ = send("--example", "-o", "json", status=503)
    told = json.loads(result.stdout)
    assert (told["status"], told["waited"], result.exit_code) == (503, False, 1)
    assert told["answer"] == "as told\n"


def test_file_is_sent_byte_by_byte_to_the_path_chosen(tmp_path: Path) -> None:
    file = tmp_path / "body.json"
    file.write_bytes(b'{"a":  1}')
    _, (taken,) = send(str(file), "--path", "v1/webhooks/alertmanager")
    assert (taken.path, taken.headers["content-length"]) == ("/v1/webhooks/alertmanager", "9")


def test_dash_reads_standard_input() -> None:
    _, (taken,) = send("-", typed='{"b": 2}')
    assert taken.body == {"b": 2}


def test_answer_that_is_not_2xx_exits_with_1() -> None:
    result, _ = send("--example", status=503)
    assert result.exit_code == 1
    assert "503 Service Unavailable" in result.stdout


def test_fields_of_the_answer_are_printed_one_a_line() -> None:
    result, _ = send("--example", "--path", "/v2/enqueue")
    assert "  status: success\n" in result.stdout


def test_nobody_listening_says_how_to_start_it() -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as gone:
        url = gone.url
    result = CliRunner().invoke(application("send"), ["send", "--example", "--url", url])
    assert "is it running? try: make run" in str(result.exception)


@pytest.mark.parametrize("arguments", [[], ["f.json", "--example"]])
def test_neither_or_both_of_file_and_example_is_refused(arguments: list[str]) -> None:
    result, taken = send(*arguments)
    assert "either a FILE" in str(result.exception)
    assert taken == []


@pytest.mark.parametrize(
    "arguments", [["/no/such/file"], ["--example", "--label", "x"], ["--example", "--label", "=x"]]
)
def test_wrong_arguments_are_told_before_anything_is_sent(arguments: list[str]) -> None:
    result, taken = send(*arguments)
    assert result.exception is not None
    assert taken == []


def test_it_waits_if_told_to_and_says_so_if_the_gateway_did_not() -> None:
    """This one is no gateway of ours: it answers at once, and without `Preference-Applied`."""
    result, (taken,) = send("--example", "--wait", "10")
    assert taken.headers["prefer"] == "wait=10"
    assert "did not wait" in result.output
    result, (taken,) = send("--example")
    assert "prefer" not in taken.headers
    assert "did not wait" not in result.output


class Gateway(BaseHTTPRequestHandler):
    """Answers with one status, and that it waited if it did."""

    status = 200
    waits = True

    def do_POST(self) -> None:
        self.send_response(self.status)
        if self.waits:
            self.send_header("preference-applied", "wait=1")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def exit_code(status: int, *arguments: str, waits: bool = True) -> int:
    handler = type("Answering", (Gateway,), {"status": status, "waits": waits})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        result = CliRunner().invoke(application("send"), ["send", "--example", "--url", url, *arguments])
        thread.join()
    return result.exit_code


@pytest.mark.parametrize(("status", "code"), [(200, 0), (207, 1), (500, 1), (503, 1), (202, 3)])
def test_whoever_waited_sees_in_the_exit_code_whether_all_were_told(status: int, code: int) -> None:
    assert exit_code(status, "--wait", "1") == code


@pytest.mark.parametrize("status", [200, 202])
def test_gateway_that_did_not_wait_leaves_it_unknown(status: int) -> None:
    assert exit_code(status, "--wait", "1", waits=False) == 3
    assert exit_code(status, waits=False) == 0


def test_body_of_which_a_part_is_not_accepted_exits_with_1() -> None:
    assert exit_code(207, waits=False) == 1


def test_token_out_of_a_file_and_headers_prove_who_sends(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    given = ("--token-file", str(tmp_path / "token"), "--header", "X-API-Key: k: 1", "--header", "X-Empty:")
    _, (taken,) = send("--example", *given)
    headers = {name.lower(): value for name, value in taken.headers.items()}
    assert headers["authorization"] == "Bearer 0123456789abcdef"
    assert (headers["x-api-key"], headers["x-empty"]) == ("k: 1", "")


@pytest.mark.parametrize("header", ["no-colon-secret", "a b: secret", "a: s\necret", ": secret", "a: s\u00e9cret"])
def test_header_that_is_none_is_told_without_its_value(header: str) -> None:
    with pytest.raises(WinnowError, match="--header: expected 'NAME: VALUE'") as caught:
        headers([header], None)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "\u00e9"])
def test_token_file_without_a_token_is_told_without_what_it_holds(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    with pytest.raises(WinnowError, match="token: expected a token, one line of ASCII"):
        headers([], tmp_path / "token")
    with pytest.raises(WinnowError, match="none: cannot be read: No such file"):
        headers([], tmp_path / "none")
