"""`winnow ledger` on a broker in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.errors import WinnowError
from alerts.quarantine import from_flow
from alerts.record import split
from tests.support.events import ENVELOPE, submission
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

TWO_HOURS_MS = 2 * 3_600_000
ID = ENVELOPE.id
COMMON = {
    "dedup": {"outcome": "new", "rule": "window"},
    "transition": "firing/x/0",
    "filter": {"outcome": "allow", "rule": "default"},
    "route": [{"outcome": "routed", "rule": "r"}],
}
DENIED = {**COMMON, "filter": {"outcome": "deny", "rule": "quiet\x1b[2J"}}


def values(count: int, ingest: str = ID) -> list[bytes]:
    envelope = ENVELOPE._replace(id=ingest)
    return [value for _, value in split(envelope, [submission(position=one) for one in range(count)], 1)]


def decisions(*rows: dict[str, object]) -> bytes:
    return json.dumps({"v": 1, "config": "c", "decisions": [{**COMMON, **row} for row in rows]}).encode()


def outcome(position: int, word: str) -> dict[str, str]:
    return {"input": f"{ID}-{position}", "delivery": f"d{position}", "outcome": word}


def planned(position: int) -> dict[str, object]:
    return {"id": f"{ID}-{position}", "deliveries": [{"id": f"d{position}", "target": "t"}]}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """Six alerts of one webhook two hours ago, one record of garbage beside them, and an alert of now."""
    late_ms = now_ms() - TWO_HOURS_MS
    with shelf(tmp_path_factory.mktemp("ledger")) as made:
        made.put(TOPICS.webhooks, values(6), late_ms, partition=1)
        made.put(TOPICS.webhooks, [b"garbage"], late_ms, partition=2)
        made.put(TOPICS.webhooks, values(1, "f" * 32), partition=3)
        told = decisions(planned(0), planned(1), planned(2), planned(3), {**DENIED, "id": f"{ID}-4"})
        ends = {"v": 1, "outcomes": [outcome(0, "delivered"), outcome(1, "merged"), outcome(2, "dead-lettered")]}
        made.put(TOPICS.decisions, [told, json.dumps(ends).encode(), b"garbage"], partition=1)
        made.put(TOPICS.quarantine, [from_flow((TOPICS.webhooks, 2, 0), late_ms, "why", b"garbage")])
        letter = {"v": 1, **outcome(2, "dead-lettered"), "delivery": {"id": "d2"}}
        made.put(TOPICS.dead_letters, [json.dumps(letter).encode()])
        yield made


def counted(full: Shelf, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = full.winnow("ledger", "-o", "json", *arguments)
    return result.exit_code, json.loads(result.stdout)


def test_every_alert_is_counted_where_it_ended(full: Shelf) -> None:
    _, told = counted(full)
    assert told["states"] == {"delivered": 1, "merged": 1, "dead-lettered": 1, "denied": 1, "quarantined": 1}
    assert (told["accepted"], told["pending"], told["unaccounted"]) == (8, 1, 2)
    assert told["rules"] == {"denied": {"quiet\x1b[2J": 1}}


def test_unaccounted_are_named_with_what_they_lack_and_the_exit_is_1(full: Shelf) -> None:
    code, told = counted(full)
    assert code == 1
    found = {one["id"]: one["lacks"] for one in told["oldest_unaccounted"]}
    assert found == {f"{ID}-3": "no outcome of 1 of 1 deliveries", f"{ID}-5": "no decision"}


@pytest.mark.parametrize(
    ("arguments", "code", "accepted", "pending", "unaccounted"),
    [
        (("--deadline", "3h"), 0, 8, 3, 0),
        (("--deadline", "0s"), 1, 8, 0, 3),
        (("--since", "1h"), 0, 1, 1, 0),
        (("--since", "3h", "--until", "1h"), 1, 7, 0, 2),
        (("--since", "2025-01-01T00:00:00Z", "--until", "1d"), 0, 0, 0, 0),
    ],
)
def test_range_and_deadline_decide_what_counts(
    full: Shelf, arguments: tuple[str, ...], code: int, accepted: int, pending: int, unaccounted: int
) -> None:
    exit_code, told = counted(full, *arguments)
    assert (exit_code, told["accepted"]) == (code, accepted)
    assert (told["pending"], told["unaccounted"]) == (pending, unaccounted)


def test_records_that_cannot_be_read_are_told(full: Shelf) -> None:
    assert counted(full)[1]["unreadable_records"] == {TOPICS.decisions: 1}
    assert f"not counted: unreadable records of {TOPICS.decisions} " in full.winnow("ledger").stdout


def test_table_says_each_state_and_the_ids_and_no_control_character(full: Shelf) -> None:
    printed = full.winnow("ledger").stdout
    words = [line.split() for line in printed.splitlines()]
    for row in (["accepted", "8"], ["delivered", "1"], ["unaccounted", "2"], ["quiet\\x1b[2J", "1"]):
        assert row in words
    assert f"{ID}-5" in printed
    assert all(char.isprintable() or char == "\n" for char in printed)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "1h", "--until", "2h"), "--since: expected an earlier moment than --until"),
        (("--until", "soon"), "--until: expected how long ago"),
        (("--deadline", "soon"), "--deadline: expected a length of time such as 90s"),
    ],
)
def test_option_that_makes_no_sense_is_refused_by_name(full: Shelf, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(WinnowError, match=says):
        full.winnow("ledger", *arguments)
