"""Which entries of the quarantine can be read now and go back to where they came from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from alerts import retry
from alerts.errors import FormatError
from alerts.instant import rfc3339
from alerts.mapped import mapped
from connectors.kafka.topics import topics
from connectors.request import Message
from winnow._archive import Archive
from winnow._past import CLOCKS_DIFFER, Past, past
from winnow._reread import About, Reread, of_flow, of_gateway
from winnow._retry import Fate, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.config import Config
    from alerts.standing import Event
    from winnow._kept import Kept

_NAMED_MAX = 3


class _Entry(NamedTuple):
    kept: Kept
    place: str
    """With its topic."""
    found: Reread

    def item(self, fate: Fate, detail: str = "") -> Item:
        alerts = self.found.alerts
        of = alerts[0].input if len(alerts) == 1 else str(self.kept.row.get("id") or "-")
        names = ", ".join(sorted({about.name[:100] for about in alerts})[:_NAMED_MAX])
        return Item(self.kept.place, rfc3339(self.kept.at_ms), of, None, names or None, fate, detail)


def readmit(config: Config, chosen: Sequence[Kept], *, even_superseded: bool) -> list[Item]:
    """What becomes of each chosen entry, in the order accepted.

    Args:
        config: Where to look.
        chosen: The entries to read again.
        even_superseded: Also alerts that told something newer since.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    entries, items = _reread(config, chosen)
    if entries:
        since_ms = min(entry.found.accepted_ms for entry in entries)
        fingerprints = {about.fingerprint for entry in entries for about in entry.found.alerts}
        found = past(config, since_ms, fingerprints, _partitions(entry.kept for entry in entries))
        judge = _Judge(topics(config.kafka).webhooks, found, even_superseded)
        items += map(judge, sorted(entries, key=lambda entry: entry.found.accepted_ms))
    return items


def _reread(config: Config, chosen: Sequence[Kept]) -> tuple[list[_Entry], list[Item]]:
    """Those that can be read, and items of those that cannot."""
    names = topics(config.kafka)
    mappings = mapped(config.mappings)
    originals = _originals(config, names.webhooks, chosen)
    entries: list[_Entry] = []
    items: list[Item] = []
    for one in chosen:
        place = retry.place(names.quarantine, one.partition, one.offset)
        try:
            if one.row.get("by") == "flow":
                found = of_flow(one.row, originals.get((one.row.get("partition"), one.row.get("offset"))))
            else:
                found = of_gateway(one.row, config, mappings)
            entries.append(_Entry(one, place, found))
        except FormatError as error:
            faults = "; ".join(str(fault) for fault in error.faults[:_NAMED_MAX])
            reason = f"{error}: {faults}" if faults else str(error)
            of = one.row.get("id")
            about = (None if of is None else str(of), None, None)
            items.append(Item(one.place, rfc3339(one.at_ms), *about, Fate.UNREADABLE, reason[:500]))
    return entries, items


def _partitions(chosen: Iterable[Kept]) -> set[int]:
    """Of the webhooks topic, in which what the flow could not read lies."""
    rows = (one.row for one in chosen if one.row.get("by") == "flow")
    return {row["partition"] for row in rows if type(row.get("partition")) is int}


def _originals(config: Config, topic: str, chosen: Sequence[Kept]) -> dict[tuple[object, object], bytes]:
    """The records that the flow could not read, or not all of, as far as they are still kept, by place."""
    rows = [one.row for one in chosen if one.row.get("by") == "flow" and one.row.get("topic") == topic]
    wanted = {(row.get("partition"), row.get("offset")) for row in rows}
    archive = Archive(config.kafka)
    partitions = sorted(_partitions(chosen) & set(archive.partitions(topic)))
    if not partitions:
        return {}
    oldest_ms = min((row["accepted_ms"] for row in rows if type(row.get("accepted_ms")) is int), default=0)
    since = datetime.fromtimestamp(oldest_ms / 1000, UTC) - CLOCKS_DIFFER
    return {
        (record.partition, record.offset): record.value
        for record in archive.records(topic, since, partitions)
        if (record.partition, record.offset) in wanted
    }


class _Judge:
    def __init__(self, topic: str, found: Past, even_superseded: bool) -> None:
        self._topic = topic
        self._standing, self._marks = found
        self._even_superseded = even_superseded

    def __call__(self, entry: _Entry) -> Item:
        marks = self._marks.get(entry.place, [])
        if not entry.found.alerts:
            return self._already(entry) if marks else self._back(entry, [], [])
        done = frozenset[str]().union(*(mark.inputs for mark in marks))
        left = [about for about in entry.found.alerts if about.input not in done]
        if not left:
            return self._already(entry)
        newer = [(about, self._newer(entry, about)) for about in left]
        fit = [about for about, event in newer if event is None]
        late = [(about, event) for about, event in newer if event is not None]
        if not fit:
            waits = any(event.transition is None for _, event in late)
            return entry.item(Fate.WAITS if waits else Fate.SUPERSEDED, _by(late))
        return self._back(entry, fit, late)

    def _newer(self, entry: _Entry, about: About) -> Event | None:
        event = self._standing.later(about.fingerprint, entry.found.accepted_ms, about.input)
        return None if event is not None and event.transition is not None and self._even_superseded else event

    def _already(self, entry: _Entry) -> Item:
        said = f"as {self._topic} {', '.join(mark.place for mark in self._marks[entry.place])}"
        refused = entry.found.refused
        if not refused:
            return entry.item(Fate.ALREADY, said)
        return entry.item(Fate.ALREADY, f"{said}; still unreadable: {refused}")._replace(is_partial=True)

    def _back(self, entry: _Entry, fit: list[About], late: list[tuple[About, Event]]) -> Item:
        found = entry.found
        headers = ((retry.RETRY_OF, entry.place.encode()),)
        messages = tuple(
            Message(self._topic, value, None, partition, headers, found.accepted_ms)
            for partition, value in found.records({about.input for about in fit})
        )
        said = [f"{len(fit)} of its alerts"] if late or found.refused else []
        said += [f"left out, superseded {_by(late)}"] if late else []
        said += [f"still unreadable: {found.refused}"] if found.refused else []
        is_partial = bool(found.refused) or any(event.transition is None for _, event in late)
        return entry.item(Fate.TO_RETRY, "; ".join(said))._replace(messages=messages, is_partial=is_partial)


def _by(late: list[tuple[About, Event]]) -> str:
    told = [
        f"by {event.transition or f'{event.input}, not decided yet,'} of {rfc3339(event.accepted_ms)}: {about.name}"
        for about, event in late[:_NAMED_MAX]
    ]
    return ", ".join(told) + (f" and {len(late) - _NAMED_MAX} more" if len(late) > _NAMED_MAX else "")
