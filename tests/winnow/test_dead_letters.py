"""`winnow dead-letters` on a broker in memory."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from alerts.decision import Outcome
from alerts.delivery_json import from_plain
from alerts.errors import KafkaError, WinnowError
from alerts.instant import rfc3339
from connectors.job import Ended
from flows.trail import Trail
from tests.support.events import NOW_MS, alert, delivery
from tests.support.shelf import TOPICS, Shelf, shelf
from tests.support.terminal import on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "\x1b]0;owned\x07 \u202e \x9b2J \x7f \n[bold]"
HOUR_MS = 3_600_000
TARGETS = 'targets: [{name: oncall, kind: webhook, url: "https://example.com/a"}]\n'


def letter(number: int, target: str, error: str, name: str = "HighCPU") -> bytes:
    about = alert(name, fingerprint=f"{number:016x}", id=f"{number:032x}-0")
    ended = Ended(delivery(number, target=target, alert=about), Outcome.DEAD_LETTERED, 3, 503, error, NOW_MS)
    messages = [message for _, message in Trail(TOPICS, 4, "c").of_ended([ended])]
    return next(message.value for message in messages if message.topic == TOPICS.dead_letters)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with shelf(tmp_path_factory.mktemp("dead-letters"), TARGETS) as made:
        old_ms = time.time_ns() // 1_000_000 - 2 * HOUR_MS
        made.put(TOPICS.dead_letters, [letter(1, "oncall", "answered 503")], old_ms)
        newer = [letter(2, "team", "no answer within 15 s"), letter(3, "oncall", "refused", HOSTILE), b'{"v": 1}']
        made.put(TOPICS.dead_letters, newer)
        yield made


def listed(full: Shelf, *arguments: str) -> list[dict[str, Any]]:
    result = full.winnow("dead-letters", "ls", "-o", "json", *arguments)
    assert result.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        ((), ["0/0", "0/1", "0/2", "0/3"]),
        (("--target", "oncall"), ["0/0", "0/2"]),
        (("--reason", "Answer"), ["0/0", "0/1"]),
        (("--since", "1h"), ["0/1", "0/2", "0/3"]),
        (("--since", "1h", "--target", "oncall", "--reason", "refused"), ["0/2"]),
    ],
)
def test_filters_leave_out_the_others(full: Shelf, arguments: tuple[str, ...], places: list[str]) -> None:
    assert [row["place"] for row in listed(full, *arguments)] == places


def test_row_tells_what_was_given_up_and_why(full: Shelf) -> None:
    row = listed(full)[0]
    assert (row["target"], row["id"], row["input"]) == ("oncall", delivery(1).id, f"{1:032x}-0")
    assert (row["alert"], row["status"], row["tries"], row["error"]) == ("HighCPU", "firing", 3, "answered 503")


def test_table_has_a_line_for_each(full: Shelf) -> None:
    head, *lines, counts, todo = full.winnow("dead-letters", "ls").stdout.splitlines()
    assert head.split() == ["place", "at", "target", "id", "alert", "status", "tries", "state", "error"]
    assert len(lines) == 4
    assert "no answer within 15 s" in lines[1]
    assert counts == "4 open"
    assert "`winnow dead-letters retry`" in todo
    assert "`winnow replay --send`" in todo


@pytest.mark.parametrize("columns", [60, 80])
def test_narrow_terminal_shows_places_ids_and_names_whole(full: Shelf, columns: int) -> None:
    lines = on_a_terminal(columns, "dead-letters", "ls")
    pieces = [piece for line in lines for piece in line.strip().split("  ")]
    assert {"place 0/3", f"id {delivery(2).id}", "alert HighCPU", "error no answer within 15 s"} <= set(pieces)
    assert "4 open" in lines


def test_line_of_the_table_in_a_pipe_ends_where_its_text_does(full: Shelf) -> None:
    told = full.winnow("dead-letters", "ls").stdout.splitlines()
    assert told == [line.rstrip() for line in told]


def test_list_of_nothing_says_nothing_of_what_to_do(full: Shelf) -> None:
    assert full.winnow("dead-letters", "ls", "--reason", "nothing of that").stdout.splitlines()[1:] == ["0 open"]


@pytest.mark.parametrize("verb", ["ls", "retry"])
def test_target_that_neither_the_configuration_nor_a_letter_names_is_refused_with_the_nearest(
    full: Shelf, verb: str
) -> None:
    says = "--target: no target is named 'oncal' in winnow.yaml, and no letter is for one; did you mean 'oncall'?"
    with pytest.raises(WinnowError, match=re.escape(says)):
        full.winnow("dead-letters", verb, "--target", "oncal")
    assert full.winnow("dead-letters", verb, "--target", "oncall", "--reason", "nothing of that").stderr == ""
    assert full.winnow("dead-letters", "ls", "--target", "team").stderr == ""


@pytest.mark.parametrize("name", ["0/1", delivery(2).id, f"{2:032x}-0"])
def test_one_is_shown_whole_with_all_to_send_it_again(full: Shelf, name: str) -> None:
    row = json.loads(full.winnow("dead-letters", "show", name, "-o", "json").stdout)
    assert (row["place"], row["error"]) == ("0/1", "no answer within 15 s")
    assert from_plain(row["delivery"]).target == "team"


def test_one_is_shown_to_people_with_its_labels(full: Shelf) -> None:
    lines = full.winnow("dead-letters", "show", "0/0").stdout.splitlines()
    assert lines[0].split() == ["place", "0/0"]
    assert f"accepted_ms     {NOW_MS}  {rfc3339(NOW_MS)}" in lines
    assert '        "alertname": "HighCPU"' in lines


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("arguments", [("ls",), ("show", "0/2")])
def test_text_of_alerts_reaches_no_terminal_raw(full: Shelf, arguments: tuple[str, ...], output: str) -> None:
    printed = full.winnow("dead-letters", *arguments, "-o", output).stdout
    assert "owned" in printed
    assert "[bold]" in printed
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_name_of_no_letter_is_refused_with_what_to_do(full: Shelf) -> None:
    with pytest.raises(WinnowError, match="expected PARTITION/OFFSET or an id, as `ls` lists"):
        full.winnow("dead-letters", "show", "f" * 32)


def test_broker_that_is_away_is_named_with_what_to_do(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    with pytest.raises(KafkaError, match=r"no broker answers at 127\.0\.0\.1:1.*KAFKA_BOOTSTRAP"):
        full.winnow("dead-letters", "ls")
