"""`winnow quarantine` on a broker in memory."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from alerts.errors import KafkaError, WinnowError
from alerts.instant import rfc3339
from alerts.quarantine import from_flow, from_gateway
from tests.support.events import ENVELOPE, NOW_MS
from tests.support.shelf import TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = ENVELOPE._replace(id="f" * 32)
HOSTILE = "\x1b]0;owned\x07 \u202e \x9b2J \x7f \n[bold]"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with shelf(tmp_path_factory.mktemp("quarantine")) as made:
        old_ms = time.time_ns() // 1_000_000 - 2 * HOUR_MS
        made.put(TOPICS.quarantine, [from_gateway(ENVELOPE, 0, "startsAt: missing", b'{"a":1}')], old_ms)
        made.put(
            TOPICS.quarantine,
            [
                from_gateway(ENVELOPE, 1, HOSTILE, HOSTILE.encode()),
                from_gateway(OTHER, None, "not JSON", b"{"),
                from_flow((TOPICS.webhooks, 3, 7), NOW_MS, "not a winnow record", b"\xff"),
                b"not ours",
            ],
        )
        yield made


def listed(full: Shelf, *arguments: str) -> list[dict[str, Any]]:
    result = full.winnow("quarantine", "ls", "-o", "json", *arguments)
    assert result.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_everything_is_listed_with_its_place_the_newest_last(full: Shelf) -> None:
    rows = listed(full)
    assert [row["place"] for row in rows] == ["0/0", "0/1", "0/2", "0/3"]
    assert [row["by"] for row in rows] == ["gateway", "gateway", "gateway", "flow"]
    about = [f"{ENVELOPE.id}-0", f"{ENVELOPE.id}-1", OTHER.id, f"{TOPICS.webhooks} 3/7"]
    assert [row["of"] for row in rows] == about


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (("--reason", "startsat"), ["0/0"]),
        (("--reason", "NOT"), ["0/2", "0/3"]),
        (("--since", "1h"), ["0/1", "0/2", "0/3"]),
        (("--since", "3h"), ["0/0", "0/1", "0/2", "0/3"]),
        (("--since", "2025-01-01T00:00:00Z", "--reason", "nothing of that"), []),
    ],
)
def test_filters_leave_out_the_others(full: Shelf, arguments: tuple[str, ...], places: list[str]) -> None:
    assert [row["place"] for row in listed(full, *arguments)] == places


def test_table_has_a_line_for_each(full: Shelf) -> None:
    head, *lines, counts = full.winnow("quarantine", "ls").stdout.splitlines()
    assert head.split() == ["place", "at", "by", "of", "bytes", "state", "reason"]
    assert len(lines) == 4
    assert "startsAt: missing" in lines[0]
    assert counts == "4 open"


def test_records_of_others_are_counted_on_stderr(full: Shelf) -> None:
    assert "records of winnow.quarantine that are not Winnow's: 1" in full.winnow("quarantine", "ls").stderr


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("arguments", [("ls",), ("show", "0/1")])
def test_text_of_alerts_reaches_no_terminal_raw(full: Shelf, arguments: tuple[str, ...], output: str) -> None:
    printed = full.winnow("quarantine", *arguments, "-o", output).stdout
    assert "owned" in printed
    assert "[bold]" in printed
    assert all(char.isprintable() or char == "\n" for char in printed)


@pytest.mark.parametrize("name", ["0/2", OTHER.id])
def test_one_is_shown_whole_by_its_place_or_its_id(full: Shelf, name: str) -> None:
    row = json.loads(full.winnow("quarantine", "show", name, "-o", "json").stdout)
    assert (row["place"], row["reason"], row["body"], row["id"]) == ("0/2", "not JSON", "{", OTHER.id)


def test_one_of_several_alerts_is_shown_by_its_own_id(full: Shelf) -> None:
    printed = full.winnow("quarantine", "show", f"{ENVELOPE.id}-0").stdout
    assert printed.splitlines()[0].split() == ["place", "0/0"]
    assert f"accepted_ms     {NOW_MS}  {rfc3339(NOW_MS)}" in printed.splitlines()
    assert printed.splitlines()[-2:] == ["body", '{"a":1}']


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (ENVELOPE.id, "2 records of .*: 0/0, 0/1"),
        ("0/99", "no record at 0/99"),
        ("9/0", "no record at 9/0"),
        ("nobody", "expected PARTITION/OFFSET or an id"),
    ],
)
def test_name_that_is_not_one_record_is_refused_with_what_to_do(full: Shelf, name: str, says: str) -> None:
    with pytest.raises(WinnowError, match=says):
        full.winnow("quarantine", "show", name)


@pytest.mark.parametrize("since", ["yesterday", "-1h", "2026-13-01T00:00:00Z", "5"])
def test_time_that_is_none_is_refused_with_what_was_expected(full: Shelf, since: str) -> None:
    with pytest.raises(WinnowError, match=r"--since: expected how long ago .* or a time such as"):
        full.winnow("quarantine", "ls", f"--since={since}")


def test_missing_topic_is_named_with_what_to_do(full: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text("kafka: {topic_prefix: other}\n")
    monkeypatch.setenv("WINNOW_CONFIG", str(file))
    with pytest.raises(KafkaError, match=r"no topic other\.quarantine at .*kafka\.topic_prefix"):
        full.winnow("quarantine", "ls")
