"""How a replay ends that is interrupted or meets what is none of Winnow's: quietly, and not as if it had found much."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from alerts.fingerprint import fingerprint
from alerts.record import Stored
from connectors.configuration import load
from flows.again import again
from tests.support.events import NOW_MS
from tests.support.history import decided, event, keep
from tests.support.past import Event, Past, config, replayed, webhook
from tests.support.shelf import TOPICS, shelf
from winnow._alert_file import line
from winnow._recorded import Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.request import Message

EVENTS = [Event(NOW_MS + n, f"A{n % 3}") for n in range(10)]
ALL = Span(NOW_MS, NOW_MS, 2**62)
FOREIGN = (
    b'{"v":1,"decisions":[{"id":"x"}]}',
    b'{"v":1,"decisions":[{"id":"x","fingerprint":"y"}]}',
    b'{"v":1,"config":"c","decisions":[{"id":"x","fingerprint":"00000000000000aa","accepted_ms":soon}]}',
)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("x")], ids=["interrupt", "fault"])
def test_what_an_end_raises_comes_out_as_it_is_and_without_a_page_of_bytewax(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    records = [webhook(number, one) for number, one in enumerate(EVENTS)]

    def breaking(_: Message) -> None:
        raise error

    def broken() -> Iterator[Stored]:
        yield from records
        raise error

    with pytest.raises(type(error)):
        again(config(), records, {}, breaking)
    with pytest.raises(type(error)):
        again(config(), broken(), {}, lambda _: None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("topic", [TOPICS.webhooks, TOPICS.decisions])
def test_ctrl_c_is_noticed_while_either_topic_is_read(topic: str, capfd: pytest.CaptureFixture[str]) -> None:
    class Interrupted(Past):
        def records(self, topic_: str, *of: object) -> Iterator[Stored]:
            for number, record in enumerate(super().records(topic_, *of)):  # type: ignore[arg-type]
                if topic_ == topic and number == 5 and armed:
                    signal.raise_signal(signal.SIGINT)
                yield record

    armed = False
    past = Interrupted(config(), EVENTS)
    assert replayed(past, config(), ALL).found == []
    armed = True
    past.counts = lambda *_: {0: 10}  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        replayed(past, config(), ALL)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert capfd.readouterr() == ("", "")


def test_process_that_is_interrupted_exits_with_130_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "winnow.yaml").write_text("targets: []\n")
    command = [sys.executable, "-m", "winnow", "replay", "--from-file", "-"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        text = b"".join(line(webhook(number, one)) for number, one in enumerate(EVENTS)) * 200
        process.stdin.write(text)  # more than a pipe holds: it is being read
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        printed = process.communicate(text, timeout=60)
    assert (len(text) > 2**19, process.returncode, printed) == (True, 130, (b"", b""))


@pytest.mark.parametrize("value", FOREIGN)
def test_foreign_record_of_decisions_is_left_out_and_told(value: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    past = Past(config(), EVENTS)
    past.topics[TOPICS.decisions].insert(3, Stored(0, 0, NOW_MS + 3, value))
    found = replayed(past, config(), ALL)
    assert (found.found, found.not_recorded, found.not_kept) == ([], 0, 0)
    assert capsys.readouterr().err == "winnow: records of winnow.decisions that are not Winnow's: 1\n"


@pytest.mark.parametrize("is_json", [True, False])
def test_explain_and_record_test_leave_out_what_names_the_alert_and_is_none_of_winnows(
    tmp_path: Path,
    is_json: bool,  # noqa: FBT001
) -> None:
    settings = "targets: [{name: oncall, kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}]\n"
    owner = fingerprint({"alertname": "Disk"})
    with shelf(tmp_path, settings) as made:
        records = [event(number, NOW_MS + number) for number in range(2)]
        keep(made, records, decided(load(needs_sources=False), records))
        foreign = f'{{"v":1,"decisions":[{{"name":"Disk","fingerprint":"{owner}"}}]}}'.encode()
        made.put(TOPICS.decisions, [foreign if is_json else foreign[:-1]], partition=records[0].partition)
        for words in (("explain", owner), ("explain", "Disk"), ("record-test", owner)):
            since = () if words == ("explain", owner) else ("--since", "2025-01-01T00:00:00Z")
            result = made.winnow(*words, *since)
            assert (result.exit_code, "Disk" in result.stdout) == (0, True), result.output
