"""What is counted of the last minute."""

from __future__ import annotations

from alerts.busy import MINUTE_MS, OTHERS, Minute
from alerts.happening import Happening

NOW_MS = 1_764_000_060_000


def event(at_ms: int, name: str = "HighCPU", **changes: object) -> Happening:
    made = Happening(at_ms, "route", "routed", "r", name, "firing", "am", "warning", "aa", ("oncall",), "a-0", "")
    return made._replace(**changes)  # type: ignore[arg-type]


def counted(*events: Happening) -> Minute:
    minute = Minute()
    minute.add(events)
    return minute


def test_event_is_counted_by_name_source_and_verdict_and_a_delivery_by_its_target() -> None:
    counts = counted(event(NOW_MS), event(NOW_MS, step="publish", verdict="delivered")).counts(NOW_MS)
    assert counts.events == {"all": 1}
    assert (counts.names, counts.sources) == ({"HighCPU": 1}, {"am": 1})
    assert counts.verdicts == {"route: routed": 1, "publish: delivered": 1}
    assert counts.targets == {"oncall: delivered": 1}


def test_what_is_a_minute_old_counts_no_more() -> None:
    minute = counted(event(NOW_MS - MINUTE_MS, "old"), event(NOW_MS - MINUTE_MS + 1000, "young"))
    assert minute.counts(NOW_MS).names == {"young": 1}


def test_partitions_that_come_mixed_are_counted_in_their_seconds() -> None:
    minute = counted(event(NOW_MS, "c"), event(NOW_MS - 50_000, "a"), event(NOW_MS - 20_000, "b"), event(NOW_MS, "c"))
    assert minute.counts(NOW_MS).names == {"a": 1, "b": 1, "c": 2}
    assert minute.counts(NOW_MS + 30_000).names == {"b": 1, "c": 2}
    assert minute.counts(NOW_MS + 50_000).names == {"c": 2}


def test_flood_of_names_is_counted_and_bounded() -> None:
    counts = counted(*(event(NOW_MS, f"n{number}") for number in range(5000))).counts(NOW_MS)
    assert (counts.events["all"], len(counts.names), counts.names[OTHERS]) == (5000, 1001, 4000)
