"""What is kept alive: when it is told again, in which company, for how long and how much of it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from alerts.alert import Status
from connectors import heartbeats
from connectors.heartbeats import BATCH_MAX, Heartbeats
from tests.support.events import NOW_MS, alert, delivery, saved

if TYPE_CHECKING:
    import pytest

    from alerts.decision import Delivery

MINUTE_MS = 60_000


def _told(number: int = 0, status: Status = Status.FIRING, text: str = "") -> Delivery:
    of = alert(fingerprint=f"{number:016x}", status=status, annotations={"text": text})
    return delivery(number, alert=of)


def _kept(*told: Delivery, at_ms: int = NOW_MS) -> Heartbeats:
    kept = Heartbeats(timedelta(minutes=1))
    for one in told:
        kept.told(one, at_ms)
    return kept


def _run(kept: Heartbeats, until_ms: int) -> list[tuple[int, tuple[Delivery, ...]]]:
    """All batches up to this moment."""
    batches: list[tuple[int, tuple[Delivery, ...]]] = []
    while (at_ms := kept.next_ms()) is not None and at_ms <= until_ms:
        if batch := kept.take(at_ms, lambda _: True):
            batches.append((at_ms, batch))
    return batches


def test_firing_alert_is_told_again_each_minute_without_end() -> None:
    one = _told()
    moments = _run(_kept(one), NOW_MS + 60 * MINUTE_MS)
    assert moments == [(NOW_MS + minute * MINUTE_MS, (one,)) for minute in range(1, 61)]


def test_resolved_alert_is_told_again_for_five_minutes_and_then_forgotten() -> None:
    kept = _kept(_told(status=Status.RESOLVED))
    moments = [at_ms for at_ms, _ in _run(kept, NOW_MS + 60 * MINUTE_MS)]
    assert moments == [NOW_MS + minute * MINUTE_MS for minute in range(1, 5)]
    assert (len(kept), kept.next_ms()) == (0, None)


def test_resolve_takes_the_place_of_its_firing() -> None:
    over = _told(status=Status.RESOLVED)
    assert [batch for _, batch in _run(_kept(_told(), over), NOW_MS + MINUTE_MS)] == [(over,)]


def test_nothing_is_told_a_millisecond_early() -> None:
    assert _kept(_told()).take(NOW_MS + MINUTE_MS - 1, lambda _: True) == ()


def test_alerts_told_within_half_a_minute_share_a_request() -> None:
    kept = _kept(_told(1))
    kept.told(_told(2), NOW_MS + MINUTE_MS // 2)
    kept.told(_told(3), NOW_MS + MINUTE_MS // 2 + 1)
    ((_, batch),) = _run(kept, NOW_MS + MINUTE_MS)
    assert batch == (_told(1), _told(2))


def test_ten_thousand_alerts_that_began_at_once_are_spread_over_the_minute_in_full_batches() -> None:
    kept = _kept(*(_told(number) for number in range(10_000)))
    batches = _run(kept, NOW_MS + 10 * MINUTE_MS)
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(batches)]
    assert MINUTE_MS / 160 <= min(gaps) <= max(gaps) <= 1000
    assert max(len(batch) for _, batch in batches) == BATCH_MAX
    last: dict[str, int] = {}
    for at_ms, batch in batches:
        for one in batch:
            assert at_ms - last.get(one.id, NOW_MS) <= 2 * MINUTE_MS
            last[one.id] = at_ms
    assert len(last) == 10_000


def test_alert_that_is_about_to_be_told_is_left_out_until_the_next_minute() -> None:
    kept = _kept(_told(1), _told(2))
    at_ms = NOW_MS + MINUTE_MS
    assert kept.take(at_ms, lambda one: one != _told(1).alert.fingerprint) == (_told(2),)
    assert kept.take(at_ms + MINUTE_MS, lambda _: True) == (_told(1), _told(2))


def test_large_alerts_make_smaller_batches() -> None:
    large = [_told(number, text="x" * 200_000) for number in range(5)]
    batches = _run(_kept(*large), NOW_MS + 2 * MINUTE_MS)
    assert {len(batch) for _, batch in batches} == {2}
    assert {one.id for _, batch in batches for one in batch} == {one.id for one in large}


def test_beyond_the_bound_the_newest_is_told_once_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "KEPT_MAX", 2)
    kept = _kept(_told(1), _told(2), _told(3))
    assert (len(kept), kept.left_out) == (2, 1)
    kept.told(_told(2, Status.RESOLVED), NOW_MS)
    assert (len(kept), kept.left_out) == (2, 1)


def test_firing_is_not_kept_alive_when_there_is_no_room_for_its_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _kept(_told(1))
    monkeypatch.setattr(heartbeats, "KEPT_MAX_BYTES", 1)
    kept.told(_told(1, Status.RESOLVED), NOW_MS)
    assert (len(kept), kept.next_ms()) == (0, None)


def test_snapshot_is_plain_and_goes_on_where_it_was() -> None:
    kept = _kept(_told(1), _told(2, Status.RESOLVED))
    restored = Heartbeats(timedelta(minutes=1))
    restored.restore(saved(kept.plain()))
    assert _run(restored, NOW_MS + 10 * MINUTE_MS) == _run(kept, NOW_MS + 10 * MINUTE_MS)
