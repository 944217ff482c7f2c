"""`winnow shadow` on a broker in memory that holds what a flow and its candidate have decided."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from alerts.errors import WinnowError
from alerts.instant import rfc3339
from connectors.candidate import candidate
from connectors.configuration import load
from tests.support.history import event
from tests.support.moment import now_ms
from tests.support.shadowing import together
from tests.support.shelf import TOPICS, Shelf, shelf
from winnow import _shadow_report, shadow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from alerts.record import Stored
    from connectors.request import Message

SHADOW = "winnow.shadow"
MINUTE_MS = 60_000
TARGETS = """
targets:
  - {name: oncall, kind: webhook, url: http://127.0.0.1:1/x, allow_private: true}
  - {name: chat, kind: webhook, url: http://127.0.0.1:1/y, allow_private: true}
dedup: {window: 30m}
"""
LIVE = TARGETS + "routes: [{name: rest, to: [oncall]}]\n"
CALM = "filter: [{name: calm, when: 'team=\"web\"', action: deny}]\n"
CRITICAL = "filter: [{name: calm, when: 'team=\"db\"', action: deny, critical: true}]\n"
LIMITS = "shadow: {config: candidate.yaml, min_events: 50, max_fewer: 6}\n"


def history() -> list[Stored]:
    """Three alerts, each said each five minutes from three hours ago on; that of the db is critical."""
    teams = ("lab", "web", "db")
    return [
        event(
            number,
            now_ms() - (180 - 5 * (number // 3)) * MINUTE_MS,
            team=teams[number % 3],
            severity="critical" if number % 3 == 2 else "warning",
        )
        for number in range(105)
    ]


@pytest.fixture
def settings() -> tuple[str, str]:
    """What runs, and the candidate."""
    return LIVE + LIMITS, LIVE + CALM


@pytest.fixture
def held(tmp_path: Path, settings: tuple[str, str]) -> Iterator[Shelf]:
    live, other = settings
    (tmp_path / "candidate.yaml").write_text(other)
    with shelf(tmp_path, live, SHADOW) as made:
        yield made


def decide(records: Sequence[Stored]) -> tuple[list[Message], list[Message]]:
    """Both as the files of now want it."""
    config = load(needs_sources=False)
    other = candidate(config)
    assert other is not None
    written, shadowed = together(config, other, records)
    return [message for message in written if message.topic == TOPICS.decisions], shadowed


def put(held: Shelf, messages: Sequence[Message]) -> None:
    for message in messages:
        assert message.partition is not None
        held.put(message.topic, [message.value], partition=message.partition)


def told(held: Shelf, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = held.winnow("shadow", "-o", "json", *arguments)
    return result.exit_code, json.loads(result.stdout)


def measured(found: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["found"] for one in found["limits"] if one["found"]}


def test_candidate_within_its_limits_is_told_with_all_that_differs(held: Shelf) -> None:
    for messages in decide(history()):
        put(held, messages)
    code, found = told(held)
    assert (code, found["verdict"], found["compared"]) == (0, "within limits", 105)
    assert (found["kinds"], measured(found)) == ({"no longer sent": 6}, {"fewer": 6})
    assert found["totals_live"]["notifications"] == {"oncall": 18}
    assert found["totals_candidate"]["notifications"] == {"oncall": 12}
    assert {one["after"]["rule"] for one in found["differences"]} == {"calm"}
    assert (found["not_decided_by_candidate"], found["not_decided_by_live"], found["faults"]) == (0, 0, [])


@pytest.mark.parametrize("settings", [(LIVE + "shadow: candidate.yaml\n", LIVE + CRITICAL)])
def test_candidate_that_hides_critical_alerts_is_beyond_the_default_limits(held: Shelf) -> None:
    for messages in decide(history()):
        put(held, messages)
    result = held.winnow("shadow")
    assert result.exit_code == 1
    last = result.stdout.splitlines()[-1]
    assert last == "verdict: beyond limits: 6 fewer_critical, at most 0 allowed (shadow.max_fewer_critical)"


def test_since_a_moment_only_what_came_after_it_counts(held: Shelf) -> None:
    for messages in decide(history()):
        put(held, messages)
    code, found = told(held, "--since", rfc3339(now_ms() - 62 * MINUTE_MS))
    assert (code, found["verdict"]) == (2, "not known")
    assert (found["compared"], found["kinds"]) == (33, {"no longer sent": 2})
    assert found["why"] == ["33 alert events compared, at least 50 wanted (shadow.min_events)"]


def test_nothing_found_is_no_verdict_and_says_so(held: Shelf) -> None:
    result = held.winnow("shadow")
    assert result.exit_code == 2
    assert "nothing was found of it: is the flow running with it" in result.stdout
    assert "verdict: not known: 0 alert events compared" in result.stdout


def test_what_was_written_again_after_a_crash_counts_once(held: Shelf) -> None:
    decisions, shadowed = decide(history())
    for messages in (decisions, decisions[-10:], shadowed, shadowed[-10:]):
        put(held, messages)
    assert told(held)[1]["compared"] == 105


def test_what_the_candidate_did_not_judge_spoils_the_verdict(held: Shelf) -> None:
    decisions, shadowed = decide(history())
    put(held, decisions)
    put(held, [message for place, message in enumerate(shadowed) if place % 4])
    code, found = told(held)
    assert (code, found["verdict"]) == (2, "not known")
    assert found["not_decided_by_candidate"] == 27
    assert "not judged by the candidate" in found["why"][-1]


@pytest.mark.parametrize(("late_s", "missing"), [(0, 0), (59, 0), (62, 3)])
def test_what_was_decided_behind_the_last_of_the_candidate_is_under_way_for_a_minute(
    held: Shelf, late_s: int, missing: int
) -> None:
    newest = event(105, now_ms() - 10 * MINUTE_MS + 1000 * late_s, team="lab")
    put(held, decide([*history(), newest])[0])
    put(held, decide(history()[:102])[1])
    found = told(held)[1]
    assert (found["compared"], found["not_decided_by_candidate"]) == (102, missing)


def test_candidate_that_has_stopped_is_not_within_limits_for_want_of_differences(held: Shelf) -> None:
    decisions, _ = decide(history())
    put(held, decisions)
    put(held, decide(history()[:90])[1])
    code, found = told(held)
    assert (code, found["verdict"], found["compared"]) == (2, "not known", 90)
    # The last of each alert may be under way.
    assert found["not_decided_by_candidate"] == 12


def test_what_only_the_candidate_has_judged_is_counted_apart(held: Shelf) -> None:
    decisions, _ = decide(history()[:90])
    put(held, decisions)
    put(held, decide(history())[1])
    found = told(held)[1]
    assert (found["compared"], found["not_decided_by_live"], found["verdict"]) == (90, 15, "not known")


def test_what_another_candidate_decided_is_left_out_and_named(held: Shelf, tmp_path: Path) -> None:
    for messages in decide(history()):
        put(held, messages)
    (tmp_path / "candidate.yaml").write_text(LIVE + CRITICAL)
    result = held.winnow("shadow")
    assert result.exit_code == 2
    assert "left out: " in result.stdout
    assert "nothing was found of it" in result.stdout


def test_what_the_flow_decided_by_another_configuration_is_left_out(held: Shelf, tmp_path: Path) -> None:
    for messages in decide(history()):
        put(held, messages)
    (tmp_path / "winnow.yaml").write_text((tmp_path / "winnow.yaml").read_text().replace("30m", "20m"))
    found = told(held)[1]
    assert (found["compared"], found["verdict"]) == (0, "not known")


def test_fault_of_the_candidate_is_shown_and_beyond(held: Shelf) -> None:
    decisions, shadowed = decide(history())
    head = {key: value for key, value in orjson.loads(shadowed[0].value).items() if key != "decisions"}
    fault = orjson.dumps({**head, "faults": [{"step": "filter", "error": "KeyError", "times": 2}]})
    put(held, [*decisions, *shadowed, shadowed[0]._replace(value=fault)])
    result = held.winnow("shadow")
    assert result.exit_code == 1
    assert "the candidate failed at filter: KeyError" in result.stdout
    assert result.stdout.splitlines()[-1] == "verdict: beyond limits: 2 faults, at most 0 allowed (shadow.max_faults)"


def test_table_names_both_sides_and_until_when_ids_may_differ(held: Shelf) -> None:
    for messages in decide(history()[60:]):
        put(held, messages)
    result = held.winnow("shadow", "--limit", "1")
    assert "ids may differ (other detail)" not in result.stdout
    lines = result.stdout.splitlines()
    assert [line.split() for line in lines if line.strip().startswith("live")] == [["live", "candidate"]]
    assert sum("no longer sent  " in line for line in lines) >= 1
    assert "and 2 more" in result.stdout


def test_candidate_that_began_lately_is_told_with_what_may_differ_for_it(held: Shelf) -> None:
    for messages in decide(history()[-30:]):
        put(held, messages)
    assert "ids may differ (other detail)" in held.winnow("shadow").stdout


def test_partition_in_which_the_candidate_has_judged_nothing_is_not_judged_by_it(held: Shelf) -> None:
    decisions, shadowed = decide(history())
    put(held, decisions)
    away = shadowed[0].partition
    put(held, [message for message in shadowed if message.partition != away])
    found = told(held)[1]
    # The last of them counts as under way.
    assert (found["compared"], found["not_decided_by_candidate"]) == (70, 34)


@pytest.mark.parametrize("settings", [(LIVE, LIVE)])
def test_without_a_candidate_it_says_where_to_name_one(held: Shelf) -> None:
    with pytest.raises(WinnowError, match=r"shadow: candidate\.yaml"):
        held.winnow("shadow")


@pytest.mark.parametrize("settings", [(LIVE + LIMITS, "routes: [{to: [nobody]}]")])
def test_candidate_that_cannot_be_used_is_named_with_its_fault(held: Shelf, tmp_path: Path) -> None:
    with pytest.raises(WinnowError) as caught:
        held.winnow("shadow")
    assert f"{tmp_path}/candidate.yaml" in str(caught.value)
    assert "no target is named 'nobody'" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [(["--every", "10ms"], "--every"), (["--since", "soon"], "--since"), (["--watch", "-o", "json"], "--watch")],
)
def test_option_that_makes_no_sense_is_refused_by_its_name(held: Shelf, arguments: list[str], fault: str) -> None:
    with pytest.raises(WinnowError, match=fault):
        held.winnow("shadow", *arguments)


def test_topic_that_is_not_there_yet_is_told(tmp_path: Path) -> None:
    (tmp_path / "candidate.yaml").write_text(LIVE)
    with shelf(tmp_path, LIVE + LIMITS) as made, pytest.raises(WinnowError, match=r"no topic winnow\.shadow"):
        made.winnow("shadow")


def test_watch_without_a_terminal_tells_the_verdict_again_and_again(held: Shelf) -> None:
    decisions, shadowed = decide(history())
    put(held, decisions)
    command = [sys.executable, "-u", "-m", "winnow", "shadow", "--watch", "--every", "1s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout is not None
            verdicts = (line for line in watching.stdout if line.startswith("verdict: "))
            assert next(verdicts).startswith("verdict: not known: 0 alert events compared")
            put(held, shadowed)
            assert "verdict: within limits: 105 alert events compared\n" in verdicts
            watching.send_signal(signal.SIGINT)
            assert watching.wait(timeout=30) == 130
        finally:
            watching.kill()


@pytest.mark.parametrize("rows", [5, 24, 30, 200])
def test_drawing_fits_the_screen_and_ends_with_the_verdict(held: Shelf, rows: int) -> None:
    for messages in decide(history()):
        put(held, messages)
    config = load(needs_sources=False)
    drawn = _shadow_report.drawn(shadow._told(config, None), rows)
    assert len(drawn) <= rows
    assert drawn[-1] == "verdict: within limits: 105 alert events compared"
    assert sum("    live:" in line for line in drawn) == {5: 0, 24: 0, 30: 1, 200: 6}[rows]
