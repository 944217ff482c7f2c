"""`winnow record-test`: what happened to one alert, as a case for `winnow test`."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.case_file import parse
from alerts.case_recorded import Kept, Row, recorded, text
from alerts.errors import FormatError, NotFoundError
from alerts.fingerprint import partition_of
from alerts.record import decode, open_alert
from alerts.retry import is_retry
from connectors.configuration import load
from connectors.kafka.topics import topics
from connectors.terminal import printable
from winnow._archive import Archive
from winnow._fingerprint import checked
from winnow._moments import past
from winnow._output import shown
from winnow._past import CLOCKS_DIFFER
from winnow._rows import opened
from winnow._trial import check
from winnow._trial_words import Ran, faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.alert import Alert, Arrival
    from alerts.config import Config
    from alerts.record import Stored


PANEL = "Time machine"


def record_test(
    fingerprint: Annotated[str, typer.Argument(help="16 hex digits, as decisions and notifications carry it.")],
    since: Annotated[str, typer.Option(help="From when on: how long ago (2h, 7d) or a time in RFC 3339.")] = "7d",
) -> None:
    """Write what happened to an alert as a case for `winnow test`.

    The case says who was told of each of its events, and is run at once.

    Example: winnow record-test 9031535530e7f5c3 >> cases/pages.yaml

    Exit codes:
        0: The case passes.
        1: The configuration of now decides otherwise, and it says where; or no such alert is kept.
    """
    owner = checked(fingerprint)
    config = load(needs_sources=False)
    kept = list(_kept(config, owner, past("--since", since, datetime.now(UTC))))
    case = recorded(kept)
    if case is None:
        raise NotFoundError(f"since {since} no firing of {owner} is kept that dedup let pass; try an earlier --since")
    made = text(case)
    (planned,) = parse(made, owner, {})
    sys.stdout.write(made)
    ran = Ran(owner, planned, check(config, planned.events), 0)
    if not ran.passed:
        typer.echo("what happened is not what the configuration of now would decide:", err=True)
        for line in faults(ran):
            typer.echo(printable(line), err=True)
        raise typer.Exit(1)


def _kept(config: Config, owner: str, since: datetime) -> Iterator[Kept]:
    """The events of one alert, in the order accepted, with what was decided of them."""
    names = topics(config.kafka)
    archive = Archive(config.kafka)
    among = [partition_of(owner, len(archive.partitions(names.webhooks)))]
    events = list(_alerts(shown(names.webhooks, archive.records(names.webhooks, since, among)), owner))
    decided = archive.records(names.decisions, since - CLOCKS_DIFFER, among)
    decisions = _decisions(shown(names.decisions, decided), owner)
    return (Kept(alert, decisions.get(alert.id)) for alert in events)


def _alerts(records: Iterable[Stored], owner: str) -> Iterator[Alert]:
    """Those that can be read: the flow told nobody of the others."""
    needle = owner.encode()
    for stored in records:
        if needle in stored.value and not is_retry(stored.value):
            with suppress(FormatError):
                yield from _opened(decode(stored.value, stored.accepted_ms), owner)


def _opened(arrivals: Iterable[Arrival], owner: str) -> Iterator[Alert]:
    for arrival in arrivals:
        with suppress(FormatError):
            if arrival.fingerprint == owner:
                yield open_alert(arrival)


def _decisions(records: Iterable[Stored], owner: str) -> dict[str, Row]:
    """By input id; after a crash the same is decided twice, and the last is what holds."""
    needle = owner.encode()
    rows = (row for stored in records if needle in stored.value for row in opened(stored.value).get("decisions", ()))
    return {row["id"]: row for row in rows if row["fingerprint"] == owner}
