"""`winnow routes`: the routing of winnow.yaml, and the way of one alert through it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 typer looks at it
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from alerts import bounds
from alerts.alert import Status
from alerts.errors import WinnowError
from alerts.formats import formats
from alerts.instant import rfc3339
from alerts.webhook import Received
from connectors.configuration import load
from flows.way import way
from winnow import _tree, _way
from winnow._hearing import alerts
from winnow._moments import milliseconds, moment
from winnow._output import Output, write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.alert import Alert

PANEL = "Configure it"
# The operators of matchers; `=` is one if quotes stand around the value.
_MATCHER = re.compile(r"""([^=!~]+)(?:=~|!=|!~|=(?="[^"]*"$))"?(.*?)"?""", re.DOTALL)
_FORMAT = "alertmanager"


def routes(  # noqa: PLR0913, PLR0917 an option each
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LABEL=VALUE ...]", help="Of an alert whose way is shown.", show_default=False),
    ] = None,
    status: Annotated[Status, typer.Option(help="Whether that alert fires.")] = Status.FIRING,
    annotation: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of that alert; as often as needed.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="When it comes, for rules with hours: how long ago (8h), or RFC 3339; else now.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The file; else the one WINNOW_CONFIG names, else winnow.yaml.")
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Print the routing, or the way of one alert through it.

    With labels: each rule that is looked at, who is told by which, and who is not and why. The alert is taken for a new
    one, and the rules judge it alone: a model, if there is one, can add to whom is told. Needs no Kafka.

    Example: winnow routes alertname=PostgresDown severity=critical --at 2026-11-24T03:00:00Z

    Exit codes:
        2: The configuration or the alert cannot be used.
    """
    found = load(config, needs_sources=False)
    if not labels:
        if annotation or at is not None:
            raise WinnowError("expected the labels of an alert, such as alertname=PostgresDown severity=critical")
        if output is Output.JSON:
            write_json(_tree.plain(found))
        else:
            write_lines(_tree.lines(found))
        return
    now = datetime.now(UTC)
    at_ms = milliseconds(now if at is None else moment("--at", at, now))
    _check_no_matchers(labels)
    alert = _alert(_pairs("LABEL=VALUE", labels), _pairs("--annotation", annotation or ()), status, at_ms)
    taken = way(found, alert)
    if output is Output.JSON:
        write_json(_way.plain(found, alert, taken))
    else:
        write_lines(_way.lines(found, alert, taken))


def _check_no_matchers(words: Sequence[str]) -> None:
    """An alert has one value for each label, and the shell has taken the quotes around it."""
    for word in words:
        found = _MATCHER.fullmatch(word)
        if found is not None:
            example = f"{found[1]}={found[2]}"
            raise WinnowError(
                f"LABEL=VALUE: expected the label of an alert, such as {example[:60]!r}, got the matcher {word[:60]!r}"
            )


def _pairs(what: str, words: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise WinnowError(f"{what}: expected a name, an equals sign and a value, got {word[:60]!r}")
        if pairs.setdefault(name, value) != value:
            raise WinnowError(f"{what}: {name[:60]} is given twice")
    return pairs


def _alert(labels: dict[str, str], annotations: dict[str, str], status: Status, at_ms: int) -> Alert:
    """The alert as Alertmanager would send it, begun (or over) at this moment, and as the flow opens it."""
    at = rfc3339(at_ms)
    ends = {"endsAt": at} if status is Status.RESOLVED else {}
    entry = {"status": status.value, "labels": labels, "annotations": annotations, "startsAt": at, **ends}
    body = orjson.dumps({"receiver": "winnow", "alerts": [entry]})
    webhook = bounds.read(formats()[_FORMAT], Received(body, at_ms))
    for one in webhook.rejected:
        faults = "; ".join(map(str, one.faults)).replace("alerts[0].", "")
        raise WinnowError(f"not an alert as Alertmanager sends them: {faults}")
    (alert,) = alerts(webhook, _FORMAT, at_ms)
    return alert
