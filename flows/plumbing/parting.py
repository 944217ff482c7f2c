"""Parts chunks: takes out what waits, and makes chunks of what has waited."""

from __future__ import annotations

import time
from collections import Counter
from itertools import compress, count
from typing import TYPE_CHECKING

from alerts.decision import Verdict
from alerts.record import open_alert
from flows.chunk import Chunk, Judging, Unreadable, offsets
from flows.plumbing.account import account
from flows.plumbing.waiting import from_plain
from flows.steps.dedup import Seen

if TYPE_CHECKING:
    from collections.abc import Collection

    from alerts.alert import Alert, Arrival
    from flows.plumbing.waiting import Plain, Row
    from flows.steps.classify import Judged


def passed(chunk: Chunk) -> list[tuple[int, Arrival, Seen]]:
    """Those that dedup let pass, each with the offset of its record: one for each of `chunk.alerts`."""
    rows = zip(offsets(chunk), chunk.arrivals, chunk.seen, strict=True)
    return [row for row in rows if row[2].transition is not None]


def without(chunk: Chunk, left: Collection[int]) -> Chunk:
    """The chunk without the alerts at these places, also of its records."""
    places = count()
    goes = [seen.transition is not None and next(places) in left for seen in chunk.seen]
    of_records = Counter(compress(offsets(chunk), goes))
    stays = [not one for one in goes]
    return chunk._replace(
        arrivals=list(compress(chunk.arrivals, stays)),
        records=[(offset, alerts - of_records[offset]) for offset, alerts in chunk.records],
        seen=list(compress(chunk.seen, stays)),
        alerts=[alert for place, alert in enumerate(chunk.alerts) if place not in left],
        transitions=[transition for place, transition in enumerate(chunk.transitions) if place not in left],
    )


def of_those(partition: int, rows: list[Row], judged: list[Judged], now_ms: int) -> Chunk:
    """A chunk of what has waited until now, and what it is taken for."""
    at_ms = time.time_ns() // 1_000_000
    return Chunk(
        partition,
        [row.arrival for row in rows],
        [],
        [(row.offset, 1) for row in rows],
        seen=[row.seen for row in rows],
        alerts=[row.alert for row in rows],
        transitions=[row.seen.transition or "" for row in rows],
        judged=judged,
        is_awaited=any(row.arrival.envelope.reply for row in rows),
        judging={
            row.alert.id: Judging(one.told.recommendations, at_ms, now_ms - row.came_ms)
            for row, one in zip(rows, judged, strict=True)
            if row.arrival.envelope.reply
        },
    )


def reopened(partition: int, waiting: list[Plain]) -> Chunk:
    """A chunk of what waited when a snapshot was made, not yet judged; it is on the account from now on."""
    rows = [from_plain(plain) for plain in waiting]
    records = Counter(offset for offset, _, _ in rows)
    for offset, alerts in records.items():
        account.came((partition, offset), alerts)
    seen: list[Seen] = []
    alerts_: list[Alert] = []
    unreadable: list[Unreadable] = []
    for offset, arrival, told in rows:
        try:
            alerts_.append(open_alert(arrival))
            seen.append(told)
        except Exception as error:  # noqa: BLE001 it could be read once: what this Winnow cannot is kept
            seen.append(Seen(Verdict("unreadable", "line", {}), None))
            unreadable.append(Unreadable(offset, arrival.envelope.accepted_ms, f"{arrival.id}: {error}", arrival.line))
    transitions = [told.transition for told in seen if told.transition is not None]
    arrivals = [arrival for _, arrival, _ in rows]
    is_awaited = any(arrival.envelope.reply for arrival in arrivals)
    columns = ([(offset, 1) for offset, _, _ in rows], seen, alerts_, transitions)
    return Chunk(partition, arrivals, unreadable, *columns, is_awaited=is_awaited)
