"""`winnow record-test`: what happened becomes a case that passes, on a broker in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from alerts.alert import Envelope, Status
from alerts.errors import WinnowError
from alerts.fingerprint import fingerprint
from alerts.record import Stored, encode
from connectors.configuration import load
from flows.again import again
from tests.support.events import NOW_MS, STARTS_AT
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf
from tests.support.whole_flow import webhook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.request import Message

SETTINGS = """
dedup: {window: 1h}
filter:
  - {name: night, hours: {start: "20:00", end: "22:00"}}
  - {name: late, status: resolved, ended_before: 30m}
  - {name: endless, status: resolved, started_before: 10h}
routes:
  - {severity: [critical], to: [oncall], continue: true}
  - {to: [chat]}
targets:
  - {name: oncall, kind: webhook, url: "http://a.example", filter: [{name: own, when: quiet=$$yes, critical: true}]}
  - {name: chat, kind: webhook, url: "http://b.example"}
"""
LABELS = {
    "alertname": "Down",
    "severity": "critical",
    "quiet": "$yes",
    "no": "1_0",
    "empty": "",
    "kelvin": "\u202e\U0001f600${X}",
}
OWNER = fingerprint({name: value for name, value in LABELS.items() if value})


def alert(status: str = "firing", **changes: object) -> dict[str, object]:
    return {"status": status, "labels": LABELS, "startsAt": STARTS_AT, **changes}


def keep(held: Shelf, records: list[Stored]) -> None:
    """Put these records and what is decided of them where they belong."""
    for stored in records:
        held.put(TOPICS.webhooks, [stored.value], stored.accepted_ms, stored.partition)

    def take(message: Message) -> None:
        held.put(message.topic, [message.value], partition=message.partition or 0)

    again(load(needs_sources=False), records, {}, take)


def record(held: Shelf, *options: str, code: int = 0) -> tuple[str, list[dict[str, Any]]]:
    """What the verb writes, and the steps in it; the case passes when it is tested."""
    result = held.winnow("record-test", OWNER, "--since", "2020-01-01T00:00:00Z", *options)
    assert result.exit_code == code, result.output
    (case,) = yaml.safe_load(result.stdout)
    return result.stdout, case["steps"]


def passes(held: Shelf, folder: Path, text: str) -> None:
    (folder / "cases.yaml").write_text(text)
    assert held.winnow("test", str(folder / "cases.yaml")).stdout == "1 passed\n"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path, SETTINGS) as made:
        yield made


def test_what_happened_is_written_as_a_case_that_passes(held: Shelf, tmp_path: Path) -> None:
    firing = alert(annotations={"summary": "it $burns"})
    ended = alert("resolved", endsAt="2025-11-24T17:10:00Z")
    keep(held, [*webhook(firing), *webhook(firing, number=10), *webhook(ended, number=70)])
    text, steps = record(held)
    kept = {name: value.replace("$", "$$") for name, value in LABELS.items() if value}
    assert text.isascii()
    assert steps == [
        {
            "at": "0s",
            "fire": kept,
            "annotations": {"summary": "it $$burns"},
            "startsAt": STARTS_AT,
            "expect": [{"target": "chat", "status": "firing", "severity": "critical", "category": "unknown"}],
        },
        {"at": "10m", "fire": kept, "expect": [{"duplicate": True}]},
        {
            "at": "1h10m",
            "resolve": {"alertname": "Down"},
            "annotations": {},
            "expect": [{"target": "chat", "status": "resolved", "severity": "critical", "category": "unknown"}],
        },
    ]
    passes(held, tmp_path, text)


def test_case_begins_with_a_firing_that_dedup_let_pass(held: Shelf, tmp_path: Path) -> None:
    before = [*webhook(alert()), *webhook(alert(), number=10), *webhook(alert("resolved"), number=20)]
    keep(held, [*before, *webhook(alert(), number=30)])
    text, steps = record(held, "--since", "2025-11-24T16:05:00Z")
    assert [(step["at"], sorted(step)[-2]) for step in steps] == [("0s", "fire")]
    passes(held, tmp_path, text)


@pytest.mark.parametrize("events", [[], webhook(alert("resolved"))], ids=["nothing", "a resolve"])
def test_alert_of_which_no_firing_is_kept_is_an_error(held: Shelf, events: list[Stored]) -> None:
    keep(held, events)
    with pytest.raises(WinnowError, match="no firing of"):
        record(held)


def test_of_duplicates_in_a_row_the_last_is_kept(held: Shelf, tmp_path: Path) -> None:
    keep(held, [one for minute in range(0, 125, 5) for one in webhook(alert(), number=minute)])
    text, steps = record(held)
    assert [step["at"] for step in steps] == ["0s", "55m", "1h", "1h55m", "2h"]
    passes(held, tmp_path, text)


def test_end_by_silence_is_a_resolve_and_what_was_taken_back_is_left_out(held: Shelf, tmp_path: Path) -> None:
    (fired,) = webhook(alert())
    fired = fired._replace(value=fired.value.replace(b",null]", b',"2025-11-24T16:05:00Z"]', 1))

    def silent(number: int) -> Stored:
        envelope = Envelope(f"{number:032x}", "alertmanager", "default", "", "", 0, expired_ms=NOW_MS + 300_000)
        row = (0, OWNER, Status.RESOLVED.value, "Down", STARTS_AT, None)
        line = fired.value.split(b"\n")[1]
        return Stored(fired.partition, number, NOW_MS + number * 60_000, encode(envelope, [(row, line)]))

    keep(held, [fired, silent(5), silent(6)])
    text, steps = record(held)
    assert [(step["at"], "resolve" in step) for step in steps] == [("0s", False), ("5m", True)]
    passes(held, tmp_path, text)


def test_alert_that_its_labels_do_not_tell_has_its_fingerprint(held: Shelf, tmp_path: Path) -> None:
    records = []
    for number, status in enumerate(["firing", "resolved"]):
        (stored,) = webhook(alert(status, labels={"alertname": "Event", "level": status}), number=number)
        head, line = stored.value.split(b"\n")
        header = orjson.loads(head)
        header["alerts"][0][1] = OWNER
        partition = int(OWNER, 16) % PARTITIONS
        records.append(stored._replace(partition=partition, value=orjson.dumps(header) + b"\n" + line))
    keep(held, records)
    text, steps = record(held)
    assert [step["fingerprint"] for step in steps] == [OWNER, OWNER]
    assert [step["expect"][0]["status"] for step in steps] == ["firing", "resolved"]
    passes(held, tmp_path, text)


def test_case_that_does_not_pass_now_is_written_and_says_where(held: Shelf, tmp_path: Path) -> None:
    keep(held, webhook(alert()))
    file = tmp_path / "winnow.yaml"
    file.write_text(
        file.read_text().replace("name: night,", "name: all, critical: true, when: 'no=\"1_0\"'} \n  - {name: night,")
    )
    result = held.winnow("record-test", OWNER, "--since", "2020-01-01T00:00:00Z")
    assert result.exit_code == 1
    assert "expect:" in result.stdout
    assert "! chat: firing, critical, unknown  chat: filtered by all" in result.stderr
