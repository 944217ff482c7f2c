"""`winnow explain` on a broker in memory: the story of a dead letter that came back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alerts.advice import Advice, How, to_plain
from alerts.decision import Classification, Judge, Outcome, Severity, Verdict
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from alerts.retry import Retry
from connectors.job import Ended
from flows.chunk import Chunk
from flows.trail import Trail
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS, delivery
from tests.support.shelf import PARTITIONS, TOPICS, shelf
from winnow._advice import HOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.request import Message

TOLD = delivery(1)
PARTITION = partition_of(TOLD.alert.fingerprint, PARTITIONS)
TRAIL = Trail(TOPICS, PARTITIONS, "c")


def decided(**more: object) -> bytes:
    row = {
        **more,
        "id": TOLD.alert.id,
        "fingerprint": TOLD.alert.fingerprint,
        "name": "HighCPU",
        "status": "firing",
        "accepted_ms": NOW_MS,
        "dedup": {"outcome": "new", "rule": "window", "saw": {}},
        "deliveries": [{"id": TOLD.id, "target": "oncall"}],
    }
    return json.dumps({"v": 1, "config": "c", "decisions": [row]}).encode()


def ended(outcome: Outcome, error: str = "") -> Iterator[Message]:
    return (message for _, message in TRAIL.of_ended([Ended(TOLD, outcome, 1, 400, error, NOW_MS + 1000)]))


def recalled(outcome: str) -> Iterator[Message]:
    retry = Retry("winnow.dead-letters/0/7", None, TOLD)
    chunk = Chunk(PARTITION, [], [], [], retry=retry, recalled=Verdict(outcome, "letter", {}))
    return (message for _, message in TRAIL.of_chunk(chunk))


def publish_lines(folder: Path, *messages: Message) -> list[str]:
    lines = explained(folder, *messages).splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.split()[:1] == ["publish"]]


def test_line_is_not_broken_where_nobody_watches(tmp_path: Path) -> None:
    error = "a" * 500
    (line,) = publish_lines(tmp_path, *ended(Outcome.DEAD_LETTERED, error))
    assert error in line


def printed(folder: Path, *messages: Message) -> str:
    """All that is printed, wherever the lines of a table are broken."""
    return " ".join(explained(folder, *messages).split())


def explained(folder: Path, *messages: Message) -> str:
    with shelf(folder) as held:
        values = [message.value for message in messages if message.topic == TOPICS.decisions]
        held.put(TOPICS.decisions, [decided(), *values], partition=PARTITION)
        return held.winnow("explain", TOLD.alert.fingerprint).stdout


def test_dead_letter_that_came_back_is_told_from_its_end_to_its_end(tmp_path: Path) -> None:
    lines = publish_lines(
        tmp_path, *ended(Outcome.DEAD_LETTERED, "answered 400"), *recalled("retried"), *ended(Outcome.DELIVERED)
    )
    assert [line.split(",")[0].rstrip() for line in lines] == [
        "oncall: dead-lettered 1.000 s after acceptance",
        "oncall: taken out of the dead letters",
        "oncall: delivered 1.000 s after acceptance",
    ]


def test_dead_letter_that_has_not_ended_again_says_so(tmp_path: Path) -> None:
    lines = publish_lines(tmp_path, *ended(Outcome.DEAD_LETTERED, "answered 400"), *recalled("retried"))
    assert lines[-1].rstrip() == "oncall: not ended yet"


def test_dead_letter_that_came_twice_has_ended_with_its_delivery(tmp_path: Path) -> None:
    back = (*recalled("retried"), *ended(Outcome.DELIVERED), *recalled("duplicate"))
    lines = publish_lines(tmp_path, *ended(Outcome.DEAD_LETTERED), *back)
    said = "oncall: taken out of the dead letters once more, not sent twice (winnow.dead-letters/0/7)"
    assert (len(lines), lines[-1].rstrip()) == (4, said)


def test_outcome_told_twice_after_a_crash_is_told_once(tmp_path: Path) -> None:
    assert len(publish_lines(tmp_path, *ended(Outcome.DELIVERED), *ended(Outcome.DELIVERED))) == 1


def test_what_may_repeat_one_sent_before_a_restart_says_so(tmp_path: Path) -> None:
    end = Ended(TOLD, Outcome.DELIVERED, 1, 200, "", NOW_MS + 1000, is_repeat=True)
    assert "may repeat one sent before the restart" in printed(tmp_path, *(told for _, told in TRAIL.of_ended([end])))


def test_what_was_told_before_a_restart_is_not_hidden_by_what_repeats_it(tmp_path: Path) -> None:
    end = Ended(TOLD, Outcome.DELIVERED, 1, 200, "", NOW_MS + 2000, is_repeat=True)
    lines = publish_lines(tmp_path, *ended(Outcome.DELIVERED), *messages_of(end), *messages_of(end._replace(tries=2)))
    assert [line.split(" after")[0] for line in lines] == [
        "oncall: delivered 1.000 s",
        *["oncall: delivered 2.000 s"] * 2,
    ]


def test_resolve_that_only_closed_what_was_open_is_told_with_its_decision(tmp_path: Path) -> None:
    closing = TOLD._replace(id="f" * 32, target="pager", only_closes=True)
    messages = (
        message for _, message in TRAIL.of_ended([Ended(closing, Outcome.DELIVERED, 1, 202, "", NOW_MS + 1000)])
    )
    told = printed(tmp_path, *ended(Outcome.DELIVERED), *messages)
    assert "pager: delivered 1.000 s after acceptance, 1 try, answered 202 (nothing sends it there, but" in told


def test_replay_is_told_after_what_was_before_it_and_when_it_was(tmp_path: Path) -> None:
    again = TOLD._replace(replayed=True)
    end = Ended(again, Outcome.DELIVERED, 2, 200, "", NOW_MS + 7_200_000)
    lines = publish_lines(tmp_path, *ended(Outcome.DEAD_LETTERED, "answered 400"), *messages_of(end), *messages_of(end))
    assert [line.split(" after")[0].rstrip() for line in lines] == [
        "oncall: dead-lettered 1.000 s",
        *[f"oncall: replayed at {rfc3339(end.ended_ms)}, delivered 2h"] * 2,
    ]


def test_replay_to_a_target_that_no_decision_named_is_told(tmp_path: Path) -> None:
    end = Ended(TOLD._replace(id="f" * 32, target="archive", replayed=True), Outcome.DELIVERED, 1, 200, "", NOW_MS)
    lines = publish_lines(tmp_path, *ended(Outcome.DELIVERED), *messages_of(end))
    assert lines[-1].startswith(f"archive: replayed at {rfc3339(NOW_MS)}, delivered 0.000 s after acceptance")


def messages_of(end: Ended) -> Iterator[Message]:
    return (message for _, message in TRAIL.of_ended([end]))


def advised(folder: Path, advice: Advice, alone: Classification | None = None, *guards: str) -> str:
    """The story of an alert with this advice."""
    plain = to_plain(advice) | ({"alone": alone._asdict(), "guards": guards} if alone else {})
    told = {"severity": "critical", "category": "database", "confidence": 0.9, "source": "llm", "rule": "small"}
    with shelf(folder) as held:
        row = json.loads(decided(classify=told, advice=plain))
        held.put(TOPICS.decisions, [json.dumps(row).encode()], partition=PARTITION)
        return " ".join(held.winnow("explain", TOLD.alert.fingerprint).stdout.split())


def test_advice_is_told_with_its_reasons_the_rules_word_and_guard_rails(tmp_path: Path) -> None:
    alone = Classification(Severity.WARNING, "storage", 0.7, Judge.RULES, "disk")
    told = advised(tmp_path, Advice("0123456789abcdef", How.CACHED, ANSWER), alone, "floor", "links")
    model = (
        "model small: critical, database (confidence 0.9, 100 tokens, 40 ms, prompt 1-0); cached: it was there already"
    )
    assert f"classify critical, database (llm: small, confidence 0.9) {model}" in told
    assert "why The primary is down. do Fail over" in told
    assert "rules alone they said warning, storage (rules: disk, confidence 0.7)" in told
    assert "guard floor: milder than what the rules say, whose severity holds guard links: links in" in told


@pytest.mark.parametrize("how", [how for how in How if how not in {How.ANSWERED, How.CACHED}])
def test_advice_that_did_not_come_says_why(tmp_path: Path, how: How) -> None:
    told = advised(tmp_path, Advice("0123456789abcdef", how, None))
    assert f"model no answer, the rules decided ({how.value}: {HOW[how]})" in told


def test_text_of_a_model_reaches_the_terminal_without_control_characters_and_markup(tmp_path: Path) -> None:
    nasty = "\x1b]0;owned\x07 \x9b31m \u202e [red]x[/red] [link=http://a]y[/link]"
    answer = ANSWER._replace(reasoning=nasty, recommendations=(nasty,), category=nasty, model=nasty)
    told = advised(tmp_path, Advice("0123456789abcdef", How.ANSWERED, answer))
    assert [char for char in told if not char.isprintable()] == []
    assert told.count("[red]x[/red] [link=http://a]y[/link]") == 4


def told_of(folder: Path, *arguments: str, **changes: object) -> str:
    """The story of an alert with these fields."""
    with shelf(folder) as held:
        held.put(TOPICS.decisions, [decided_with(**changes)], partition=PARTITION)
        return held.winnow("explain", TOLD.alert.fingerprint, *arguments).stdout


def decided_with(**changes: object) -> bytes:
    record = json.loads(decided())
    record["decisions"][0] |= changes
    return json.dumps(record).encode()


def test_name_of_an_alert_forges_no_line(tmp_path: Path) -> None:
    forged = "2030-01-01T00:00:00.000Z  firing  (forged-0, from default)"
    told = told_of(tmp_path, name=f"Disk\n\n{forged}", source=f"am\n{forged}")
    assert [line for line in told.splitlines() if line.startswith("2030")] == []
    assert f"Disk\\n\\n{forged}" in told


def test_rule_forges_no_line_and_a_model_only_below_its_own_words(tmp_path: Path) -> None:
    answer = ANSWER._replace(reasoning="first\nsecond")
    seen = {"outcome": "allow", "rule": "x", "saw": {"team": "a\nroute  nobody"}}
    told = told_of(tmp_path, advice=to_plain(Advice("0123456789abcdef", How.ANSWERED, answer)), filter=seen)
    (above, below) = (next(line for line in told.splitlines() if word in line) for word in ("first", "second"))
    assert below.index("second") == above.index("first")
    assert below[: below.index("second")].strip() == ""
    assert [line for line in told.splitlines() if line.split()[:1] == ["route"]] == []


def test_name_is_printed_as_it_is_though_rich_knows_a_picture_for_it(tmp_path: Path) -> None:
    told = told_of(
        tmp_path, name="job:up:sum", filter={"outcome": "deny", "rule": ":boom:", "saw": {}}, status=":wave:"
    )
    assert all(word in told for word in ("job:up:sum", ":boom:", ":wave:"))


def test_json_holds_no_control_character_that_a_terminal_obeys(tmp_path: Path) -> None:
    name = "Disk\x9b31m\x7f\x9d0;title\x9c\x1b"
    told = told_of(tmp_path, "-o", "json", name=name)
    assert [char for char in told if not char.isprintable() and char != "\n"] == []
    assert json.loads(told)[0]["name"] == name


def test_line_that_nobody_could_read_is_not_told_as_a_repeat(tmp_path: Path) -> None:
    told = told_of(tmp_path, dedup={"outcome": "unreadable", "rule": "line", "saw": {}}, deliveries=[])
    (said,) = (line for line in told.splitlines() if line.split()[:1] == ["dedup"])
    assert said.rstrip().endswith(
        "unreadable: it lies in the quarantine with the reason (winnow quarantine ls); ends here"
    )
