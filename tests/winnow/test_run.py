"""`winnow run` with small stand-ins for gateway and flow."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from alerts.config import Config
from alerts.errors import ConfigError
from connectors.child import Command
from connectors.configuration import load
from connectors.inbox import Inbox
from winnow._application import application
from winnow.run import _environ, _fake_listen, _topics, _welcome, commands, fake, supervise

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = "import signal; signal.pause()"


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def python(name: str, code: str, ready: str | None = None) -> Command:
    return Command(name, [sys.executable, "-c", code], ready)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_once_up_ends_all_with_status_0(number: signal.Signals) -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as inbox:
        some = [python("gateway", WAIT, inbox.url), python("flow", WAIT, inbox.url)]
        assert supervise(some, dict(os.environ), lambda: os.kill(os.getpid(), number)) == 0


def test_child_that_dies_is_named_with_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    some = [python("flow", WAIT), python("gateway", "print('no \\x1b[31m'); raise SystemExit(3)")]
    assert supervise(some, dict(os.environ), lambda: None) == 1
    assert "gateway ended by itself with exit status 3" in capsys.readouterr().err


def test_output_of_children_carries_their_name_and_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    supervise([python("flow", "print('a\\x1b[31mb')")], dict(os.environ), lambda: None)
    assert "flow     | a\\x1b[31mb\n" in capsys.readouterr().out


def test_command_that_cannot_start_ends_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    some = [python("flow", WAIT), Command("gateway", ["/no/such/program"])]
    assert supervise(some, dict(os.environ), lambda: None) == 1
    assert "/no/such/program" in capsys.readouterr().err


def test_gateway_flow_and_receiver_are_asked_where_the_config_says() -> None:
    ready = {command.name: command.ready for command in commands(Config(), "127.0.0.1:9900")}
    assert ready == {
        "receiver": "http://127.0.0.1:9900/",
        "gateway": "http://127.0.0.1:8080/readyz",
        "flow": "http://127.0.0.1:9464/readyz",
    }


def test_children_are_told_the_broker_and_an_absolute_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_CONFIG", "winnow.yaml")
    environ = _environ("127.0.0.1:1234", embedded=True)
    assert environ["KAFKA_BOOTSTRAP"] == "127.0.0.1:1234"
    assert os.path.isabs(environ["WINNOW_CONFIG"])  # noqa: PTH117
    assert environ["WINNOW_FETCH_WAIT_MS"] == "5"


def test_welcome_says_how_verbs_find_what_runs_and_where_to_send_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(folder))
    verbs = {"KAFKA_BOOTSTRAP": "127.0.0.1:1234", "WINNOW_LLM_MODEL": "m"}
    text = _welcome(Config(), "in memory", verbs, "note\n\n")
    assert "$PATH KAFKA_BOOTSTRAP=127.0.0.1:1234 WINNOW_LLM_MODEL=m\n" in text
    assert "\nnote\n" in text
    assert "  winnow send --example --wait 10\n" in text
    assert "curl -i http://127.0.0.1:8080/webhook/proxy" in text


def test_welcome_names_the_path_for_other_terminals_and_the_url_where_it_is_not_the_usual() -> None:
    config = Config.model_validate({"gateway": {"listen": "127.0.0.1:8081"}})
    text = _welcome(config, "in memory", {"KAFKA_BOOTSTRAP": "127.0.0.1:1234"})
    path = f"PATH={Path(sys.executable).parent}:$PATH"
    assert f"  export {path} KAFKA_BOOTSTRAP=127.0.0.1:1234 WINNOW_URL=http://127.0.0.1:8081\n" in text


def test_taken_port_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as other:
        file = tmp_path / "winnow.yaml"
        file.write_text(f"gateway: {{listen: {other.url.removeprefix('http://')}}}\n")
        monkeypatch.setenv("WINNOW_CONFIG", str(file))
        result = CliRunner().invoke(application("run"), ["run"])
    assert "is taken" in str(result.exception)
    assert "WINNOW_LISTEN" in str(result.exception)


def until_there(file: Path, status: int) -> str:
    """A program that ends once this file is there."""
    wait = f"while not pathlib.Path({str(file)!r}).exists(): time.sleep(0.01)"
    return f"import pathlib, time\n{wait}\nraise SystemExit({status})"


class Screen(io.StringIO):
    """Makes a file once a text was written to it."""

    def __init__(self, text: str, file: Path) -> None:
        super().__init__()
        self._text, self._file = text, file

    def write(self, text: str) -> int:
        count = super().write(text)
        if self._text in text:
            self._file.touch()
        return count


def test_end_of_what_can_be_spared_is_told_and_ends_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    up, told = tmp_path / "up", tmp_path / "told"
    screen = Screen("the others go on without it", told)
    monkeypatch.setattr(sys, "stdout", screen)
    spared = python("fake-llm", until_there(up, 0))._replace(is_needed=False)
    with Inbox("127.0.0.1:0", lambda *_: None) as inbox:
        flow = python("flow", until_there(told, 3), inbox.url)
        assert supervise([spared, flow], dict(os.environ), up.touch) == 1
    assert "fake-llm ended by itself with exit status 0\nthe others go on without it\n" in screen.getvalue()
    assert "flow ended by itself with exit status 3" in capsys.readouterr().err


def test_fake_model_is_used_whatever_winnow_yaml_says(tmp_path: Path) -> None:
    command, environ = fake("127.0.0.1:9911")
    assert (command.name, command.ready) == ("fake-llm", "http://127.0.0.1:9911/v1/models")
    file = tmp_path / "winnow.yaml"
    for text in ("", "classify:\n", "classify: {llm: {base_url: http://m.example/v1, model: big, deadline: 3s}}\n"):
        file.write_text(f"{text}# end\n")
        llm = load(file, environ).classify.llm
        assert llm is not None
        assert (llm.base_url, llm.model) == ("http://127.0.0.1:9911/v1", "winnow-fake-model")


def test_fake_model_listens_elsewhere_where_its_port_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as other:
        taken = other.url.removeprefix("http://")
        monkeypatch.setattr("winnow.fake_model.LISTEN", taken)
        free = _fake_listen()
    assert free != taken
    assert f"{taken} is taken; the fake model listens on {free}" in capsys.readouterr().out


def test_candidate_that_cannot_be_used_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "winnow.yaml").write_text("shadow: candidate.yaml")
    (tmp_path / "candidate.yaml").write_text("routes: [{to: [nobody]}]")
    monkeypatch.setenv("WINNOW_CONFIG", str(tmp_path / "winnow.yaml"))
    result = CliRunner().invoke(application("run"), ["run"])
    assert isinstance(result.exception, ConfigError)
    assert result.stdout == ""
    assert f"{tmp_path}/candidate.yaml:1: routes[0].to[0]: no target is named 'nobody'" in str(result.exception)


def test_broker_in_memory_has_a_topic_for_the_candidate_where_there_is_one() -> None:
    alone, beside = (_topics(Config.model_validate(one)) for one in ({}, {"shadow": "candidate.yaml"}))
    assert {name: count for name, count in beside.items() if name not in alone} == {"winnow.shadow": 32}
