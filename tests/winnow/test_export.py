"""`winnow export` on a broker in memory, and what `winnow replay` makes of the file."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from alerts import retry
from alerts.errors import WinnowError
from alerts.retry import Retry
from tests.support.events import delivery
from tests.support.history import event, keep
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, Shelf, shelf
from tests.winnow.test_replay import CANDIDATE, LIVE, MINUTE_MS, ago, history
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A history of alerts, and two records that nobody can read."""
    with shelf(tmp_path_factory.mktemp("export"), LIVE) as made:
        keep(made, history())
        made.put(TOPICS.webhooks, [b"garbage", b"\xff\xfe"], now_ms() - MINUTE_MS)
        yield made


def replayed(full: Shelf, file: Path, *arguments: str) -> dict[str, Any]:
    result = full.winnow("replay", "--from-file", str(file), "-o", "json", *arguments)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_file_is_replayed_as_the_topic_is(full: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "alerts.ndjson"
    file.write_bytes(full.winnow("export", "--since", "1d").stdout_bytes)
    from_kafka = json.loads(full.winnow("replay", "--since", "1d", "-o", "json").stdout)
    assert replayed(full, file)["totals"] == from_kafka["totals"]
    assert from_kafka["totals"]["events"] == 105


def test_file_holds_the_bytes_of_the_records_whatever_they_are(full: Shelf) -> None:
    rows = [json.loads(line) for line in full.winnow("export", "--since", "1d").stdout.splitlines()]
    assert len(rows) == 107
    assert [row["lines"] for row in rows if row.get("lines") == ["garbage"]] == [["garbage"]]
    assert [row["base64"] for row in rows if "base64" in row] == ["//4="]
    assert all(set(row) - {"lines", "base64"} == {"partition", "offset", "accepted_ms"} for row in rows)


def test_range_is_exported_and_nothing_else(full: Shelf) -> None:
    assert len(full.winnow("export", "--since", ago(31), "--until", ago(16)).stdout.splitlines()) == 9


def test_scrubbed_file_has_the_same_numbers_and_not_the_values(full: Shelf, tmp_path: Path) -> None:
    whole, file = tmp_path / "whole.ndjson", tmp_path / "scrubbed.ndjson"
    whole.write_bytes(full.winnow("export", "--since", "1d").stdout_bytes)
    result = full.winnow("export", "--since", "1d", "--scrub")
    file.write_bytes(result.stdout_bytes)
    assert "2 records left out" in result.stderr
    assert "Disk" in file.read_text()
    assert '\\"web\\"' not in file.read_text()
    duplicates = replayed(full, whole)["totals"]["suppressed"]["dedup"]
    assert replayed(full, file)["totals"]["suppressed"]["dedup"] == duplicates


def test_label_that_is_kept_still_decides(full: Shelf, tmp_path: Path) -> None:
    whole, file = tmp_path / "whole.ndjson", tmp_path / "scrubbed.ndjson"
    whole.write_bytes(full.winnow("export", "--since", "1d").stdout_bytes)
    file.write_bytes(full.winnow("export", "--since", "1d", "--scrub", "--keep", "team").stdout_bytes)
    assert replayed(full, file)["totals"] == replayed(full, whole)["totals"]


@pytest.mark.parametrize("more", [(), ("--diff",)])
def test_what_comes_by_standard_input_is_judged_as_the_file_is(full: Shelf, tmp_path: Path, more: tuple[str]) -> None:
    file, told = tmp_path / "alerts.ndjson", full.winnow("export", "--since", "1d").stdout_bytes
    file.write_bytes(told)
    arguments = ["replay", "--from-file", "-", "-o", "json", *more]
    piped = CliRunner().invoke(application("replay"), arguments, input=told, catch_exceptions=False)
    assert json.loads(piped.stdout) == replayed(full, file, *more)
    assert json.loads(piped.stdout)["totals"]["events"] == 105


def test_fault_in_standard_input_is_told_with_its_line(full: Shelf) -> None:
    with pytest.raises(WinnowError, match="standard input:2: expected a record"):
        CliRunner().invoke(
            application("replay"), ["replay", "--from-file", "-"], input=b"\nnothing\n", catch_exceptions=False
        )


def test_diff_of_a_file_is_between_winnow_yaml_and_the_candidate(full: Shelf, tmp_path: Path) -> None:
    file, candidate = tmp_path / "alerts.ndjson", tmp_path / "candidate.yaml"
    file.write_bytes(full.winnow("export", "--since", "1d").stdout_bytes)
    candidate.write_text(CANDIDATE)
    assert replayed(full, file, "--diff")["different"] == 0
    found = replayed(full, file, "--diff", "--config", str(candidate))
    assert set(found["kinds"]) == {"newly sent", "no longer sent"}
    assert (found["not_recorded"], found["not_kept"]) == (0, 0)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"partition":0}', '{"partition":"0","offset":1,"accepted_ms":1,"lines":[]}', '{"base64":"%"}']
)
def test_line_that_is_none_is_named(full: Shelf, tmp_path: Path, text: str) -> None:
    file = tmp_path / "alerts.ndjson"
    file.write_text(json.dumps(_row()) + "\n" + text + "\n")
    with pytest.raises(WinnowError, match=r"alerts\.ndjson:2: expected a record"):
        replayed(full, file)


def _row() -> dict[str, object]:
    record = event(1, now_ms(), team="web")
    return {"partition": 0, "offset": 0, "accepted_ms": now_ms(), "lines": record.value.decode().split("\n")}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "1h", "--until", "2h"), "--since: expected an earlier moment"),
        (("--since", "2999-01-01T00:00:00Z"), "--since: '2999-01-01T00:00:00Z' lies in the future"),
        (("--since", "1h", "--keep", "team"), "--keep: says what --scrub leaves"),
    ],
)
def test_option_that_makes_no_sense_is_refused(full: Shelf, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(WinnowError, match=says):
        full.winnow("export", *arguments)


def test_retried_dead_letters_are_counted_apart(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        one = Retry("winnow.dead-letters/0/0", None, delivery(1))
        made.put(TOPICS.webhooks, [retry.encode(one)] * 3)
        assert "left out" not in made.winnow("export", "--since", "1h").stderr
        result = made.winnow("export", "--since", "1h", "--scrub")
        assert (result.stdout, result.stderr) == (
            "",
            "winnow: 3 retried dead letters left out: they are no webhooks\n",
        )


def test_alerts_are_not_written_to_a_terminal(full: Shelf) -> None:
    assert full.winnow("export", "--since", "1d").stdout
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "winnow", "export", "--since", "1d"]
    ended = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    is_silent = select.select([ours], [], [], 0)[0] == []
    os.close(theirs)
    os.close(ours)
    assert (ended.returncode, is_silent) == (2, True)
    assert "not written to a terminal" in ended.stderr
