"""What is written ahead of a snapshot, and that a snapshot holds what waits then, whatever was written before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.config import Deadline
from connectors import drafts
from connectors.drafts import AT_A_TIME, LATEST, Drafts
from connectors.job import Job, begun
from connectors.lane_state import encode_job
from connectors.pages import unpack
from tests.support.events import NOW_MS, delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

DEADLINE = Deadline(critical=timedelta(hours=1), others=timedelta(minutes=15))


def job(number: int) -> Job:
    return begun(delivery(number), NOW_MS, DEADLINE)


def put(of: Drafts, waiting: dict[str, list[Job]], numbers: Iterable[int]) -> None:
    for number in numbers:
        made = job(number)
        waiting[made.fingerprint] = [made]
        of.changed(made.fingerprint)


def texts(jobs: Iterable[Job]) -> list[str]:
    return [encode_job(one) for one in jobs]


def test_packed_is_what_waits_then() -> None:
    waiting: dict[str, list[Job]] = {}
    made = Drafts(waiting)
    put(made, waiting, range(3))
    assert list(unpack(made.packed())) == texts(map(job, range(3)))
    del waiting[job(1).fingerprint]
    made.changed(job(1).fingerprint)
    waiting[job(2).fingerprint].append(job(2)._replace(tries=1))
    made.changed(job(2).fingerprint)
    assert list(unpack(made.packed())) == texts([job(0), job(2), job(2)._replace(tries=1)])


@pytest.mark.parametrize(
    ("waits", "writes"), [(LATEST, 0), (LATEST + 1, 1), (LATEST + AT_A_TIME, AT_A_TIME), (1000, AT_A_TIME)]
)
def test_what_changed_longest_ago_is_written_ahead_a_little_at_a_time(
    waits: int, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def encode(one: Job) -> str:
        written.append(one.delivery.id)
        return encode_job(one)

    monkeypatch.setattr(drafts, "encode_job", encode)
    waiting: dict[str, list[Job]] = {}
    made = Drafts(waiting)
    put(made, waiting, range(waits))
    made.write()
    assert written == [job(number).delivery.id for number in range(writes)]


def test_what_was_written_ahead_and_changed_again_is_packed_as_it_is() -> None:
    waiting: dict[str, list[Job]] = {}
    made = Drafts(waiting)
    put(made, waiting, range(LATEST + 1))
    made.write()
    waiting[job(0).fingerprint] = [job(0)._replace(tries=7)]
    made.changed(job(0).fingerprint)
    assert texts([job(0)._replace(tries=7)])[0] in list(unpack(made.packed()))
