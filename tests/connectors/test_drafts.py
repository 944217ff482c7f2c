"""What is written ahead of a snapshot, and that a snapshot holds what waits then, whatever was written before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Deadline
from connectors import drafts
from connectors.drafts import AT_A_TIME, SETTLED_MS, Drafts
from connectors.job import Job, begun
from connectors.lane_state import encode_job
from connectors.pages import unpack
from tests.support.events import NOW_MS, delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

DEADLINE = Deadline(critical=timedelta(hours=1), others=timedelta(minutes=15))


def job(number: int) -> Job:
    return begun(delivery(number), NOW_MS, DEADLINE)


def empty() -> tuple[Drafts, dict[str, list[Job]]]:
    waiting: dict[str, list[Job]] = {}
    return Drafts(waiting), waiting


def put(of: Drafts, waiting: dict[str, list[Job]], numbers: Iterable[int]) -> None:
    for number in numbers:
        made = job(number)
        waiting[made.fingerprint] = [made]
        of.changed(made.fingerprint)


def texts(jobs: Iterable[Job]) -> list[str]:
    return [encode_job(one) for one in jobs]


def test_packed_is_what_waits_then() -> None:
    made, waiting = empty()
    put(made, waiting, range(3))
    assert list(unpack(made.packed())) == texts(map(job, range(3)))
    del waiting[job(1).fingerprint]
    made.changed(job(1).fingerprint)
    waiting[job(2).fingerprint].append(job(2)._replace(tries=1))
    made.changed(job(2).fingerprint)
    assert list(unpack(made.packed())) == texts([job(0), job(2), job(2)._replace(tries=1)])


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of what is written, in order."""
    ids: list[str] = []

    def encode(one: Job) -> str:
        ids.append(one.delivery.id)
        return encode_job(one)

    monkeypatch.setattr(drafts, "encode_job", encode)
    return ids


@pytest.mark.parametrize("ms", [0, SETTLED_MS - 1])
def test_what_changed_last_is_not_written_ahead(ms: int, written: list[str]) -> None:
    made, waiting = empty()
    made.write(NOW_MS)
    put(made, waiting, range(2))
    made.write(NOW_MS + ms)
    assert written == []


@pytest.mark.parametrize("again", [[0], [1], []])
def test_what_waits_unchanged_is_written_ahead_once(again: list[int], written: list[str]) -> None:
    made, waiting = empty()
    put(made, waiting, range(2))
    for ms in range(0, 3 * SETTLED_MS, SETTLED_MS):
        made.write(NOW_MS + ms)
    assert written == [job(number).delivery.id for number in range(2)]
    put(made, waiting, again)
    made.packed()
    assert written == [job(number).delivery.id for number in [0, 1, *again]]


def test_a_little_is_written_at_a_time_what_changed_longest_ago_first(written: list[str]) -> None:
    made, waiting = empty()
    put(made, waiting, range(2 * AT_A_TIME))
    made.write(NOW_MS)
    made.write(NOW_MS + SETTLED_MS)
    assert written == [job(number).delivery.id for number in range(AT_A_TIME)]


def test_what_came_after_the_settled_waits_for_its_own_time(written: list[str]) -> None:
    made, waiting = empty()
    put(made, waiting, range(1))
    made.write(NOW_MS)
    put(made, waiting, range(1, 3))
    made.write(NOW_MS + SETTLED_MS)
    made.write(NOW_MS + SETTLED_MS + 1)
    assert written == [job(0).delivery.id]


def test_what_is_under_way_is_not_written_ahead_and_packed_all_the_same(written: list[str]) -> None:
    waiting: dict[str, list[Job]] = {}
    under_way = {job(0).fingerprint}
    made = Drafts(waiting, under_way)
    put(made, waiting, range(2))
    for ms in range(0, 5 * SETTLED_MS, SETTLED_MS):
        made.write(NOW_MS + ms)
    assert written == [job(1).delivery.id]
    assert sorted(unpack(made.packed())) == sorted(texts(map(job, range(2))))


def test_a_clock_that_goes_back_holds_nothing_up(written: list[str]) -> None:
    made, waiting = empty()
    put(made, waiting, range(1))
    made.write(NOW_MS)
    made.write(NOW_MS - 3_600_000)
    assert written == [job(0).delivery.id]


def test_what_was_written_ahead_and_changed_again_is_packed_as_it_is() -> None:
    made, waiting = empty()
    put(made, waiting, range(3))
    made.write(NOW_MS)
    made.write(NOW_MS + SETTLED_MS)
    waiting[job(0).fingerprint] = [job(0)._replace(tries=7)]
    made.changed(job(0).fingerprint)
    assert texts([job(0)._replace(tries=7)])[0] in list(unpack(made.packed()))
