"""Several alerts that one question is about: what tells them apart, and why a target was not told of each."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alerts.differing import differing
from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from alerts.record import decode, open_alert
from alerts.retry import is_retry
from alerts.why_not import statuses, telling, why_not
from connectors.kafka.topics import topics
from winnow._archive import Archive
from winnow._output import shown
from winnow._story import stories

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from alerts.config import Config
    from winnow._story import Within
    from winnow._tally import Found

Row = dict[str, Any]

LISTED_MAX = 100
_LABELS_MAX = 4
_VALUE_MAX_CHARS = 60


def rows(config: Config, alerts: Sequence[Found], within: Within, target: str | None) -> Iterator[Row]:
    """All of them; the first `LISTED_MAX` with `labels`, those that differ, and if a target is asked for `why_not`.

    Raises:
        KafkaError: No broker answers, or a topic is missing.
    """
    listed = alerts[:LISTED_MAX]
    labels = _labels(config, listed)
    names = differing(list(labels.values()), _LABELS_MAX)
    reasons = {} if target is None else _reasons(config, listed, within, target)
    for one in alerts:
        own = labels.get(one.fingerprint, {})
        apart = {name: own[name] for name in names if name in own}
        row = {**one._asdict(), "last_at": rfc3339(one.last_ms), "labels": apart}
        yield row if target is None else row | {"why_not": reasons.get(one.fingerprint)}


def text(labels: dict[str, str]) -> str:
    """Labels on one line, long values cut."""
    return ", ".join(f"{name}={value[:_VALUE_MAX_CHARS]}" for name, value in labels.items()) or "-"


def _labels(config: Config, alerts: Sequence[Found]) -> dict[str, dict[str, str]]:
    """By fingerprint, of those whose webhooks are kept: labels lie in no decision."""
    topic, archive = topics(config.kafka).webhooks, Archive(config.kafka)
    count = len(archive.partitions(topic))
    wanted = {one.fingerprint: one.fingerprint.encode() for one in alerts}
    partitions = {partition_of(fingerprint, count) for fingerprint in wanted}
    oldest = datetime.fromtimestamp(min(one.last_ms for one in alerts) / 1000, UTC)
    found: dict[str, dict[str, str]] = {}
    for stored in shown(topic, archive.records(topic, oldest, partitions)):
        if len(found) == len(wanted):
            break
        if not is_retry(stored.value) and any(needle in stored.value for needle in wanted.values()):
            with suppress(FormatError):
                for arrival in decode(stored.value, stored.accepted_ms):
                    if arrival.fingerprint in wanted and arrival.fingerprint not in found:
                        found[arrival.fingerprint] = dict(open_alert(arrival).labels)
    return found


def _reasons(config: Config, alerts: Sequence[Found], within: Within, target: str) -> dict[str, Row]:
    """By fingerprint, of the event that says the most."""
    told: dict[str, Row] = {}
    stands_in_for = fallbacks(config, target)
    for fingerprint, story in stories(config, [one.fingerprint for one in alerts], within.since).items():
        all_events = list(story.events())
        events = [event for event in all_events if event["accepted_ms"] < within.until_ms]
        if events:
            event = telling(events)
            reason = why_not(event, target, stands_in_for, statuses(all_events))
            told[fingerprint] = {"event": event["id"], "accepted_ms": event["accepted_ms"], **reason._asdict()}
    return told


def fallbacks(config: Config, target: str) -> Collection[str]:
    """The targets that a target stands in for."""
    return {one.name for one in config.targets if one.fallback == target}
