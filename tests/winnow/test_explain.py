"""`winnow explain` on a broker in memory: the story of a dead letter that came back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from alerts.decision import Outcome, Verdict
from alerts.fingerprint import partition_of
from alerts.retry import Retry
from connectors.job import Ended
from flows.chunk import Chunk
from flows.trail import Trail
from tests.support.events import NOW_MS, delivery
from tests.support.shelf import PARTITIONS, TOPICS, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.request import Message

TOLD = delivery(1)
PARTITION = partition_of(TOLD.alert.fingerprint, PARTITIONS)
TRAIL = Trail(TOPICS, PARTITIONS, "c")


def decided() -> bytes:
    row = {
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
    return (message for _, message in TRAIL.of_ended(Ended(TOLD, outcome, 1, 400, error, NOW_MS + 1000)))


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
    assert "may repeat one sent before the restart" in printed(tmp_path, *(told for _, told in TRAIL.of_ended(end)))


def test_resolve_that_only_closed_what_was_open_is_told_with_its_decision(tmp_path: Path) -> None:
    closing = TOLD._replace(id="f" * 32, target="pager", only_closes=True)
    messages = (message for _, message in TRAIL.of_ended(Ended(closing, Outcome.DELIVERED, 1, 202, "", NOW_MS + 1000)))
    told = printed(tmp_path, *ended(Outcome.DELIVERED), *messages)
    assert "pager: delivered 1.000 s after acceptance, 1 try, answered 202 (nothing sends it there, but" in told
