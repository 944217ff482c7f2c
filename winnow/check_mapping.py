"""`winnow check-mapping`: what a mapping makes of a body, before anybody sends one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alerts import bounds
from alerts.errors import FormatError, WinnowError
from alerts.mapped import Mapped
from alerts.mapped_alert import NOTE
from alerts.webhook import Received
from connectors.configuration import load
from winnow._output import Output, write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config_mapping import Mapping
    from alerts.webhook import Fault, Webhook


PANEL = "Configure it"


def check_mapping(
    file: Annotated[Path, typer.Argument(help="winnow.yaml, or a file with `mappings:` alone.")],
    body: Annotated[str, typer.Option(help="A file with a body as its sender sends it; - reads standard input.")],
    mapping: Annotated[str | None, typer.Option(help="Which mapping of the file, if it has several.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Show which alerts a mapping makes of a body.

    Needs no Kafka. What is wrong with an alert that does not come out whole is said field by field.

    Example: winnow check-mapping deploy/mappings/datadog.yaml --body deploy/mappings/samples/datadog/triggered.json

    Exit codes:
        0: Every alert comes out whole.
        1: One does not.
        2: The file or the mapping cannot be used.
    """
    chosen = _chosen(load(file, needs_sources=False).mappings, mapping)
    result = _result(Mapped(chosen), _body(body))
    if output is Output.JSON:
        write_json({"mapping": chosen.name, **result})
    else:
        write_lines(_lines(chosen.name, result))
    if not result["ok"]:
        raise typer.Exit(1)


def _chosen(mappings: list[Mapping], name: str | None) -> Mapping:
    names = ", ".join(one.name for one in mappings) or "none"
    found = [one for one in mappings if name in {None, one.name}]
    if len(found) != 1:
        raise WinnowError(f"name one of the file's mappings with --mapping: {names}")
    return found[0]


def _body(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WinnowError(f"{file}: cannot be read: {error.strerror}") from error


def _result(form: Mapped, body: bytes) -> dict[str, object]:
    try:
        webhook = bounds.read(form, Received(body, time.time_ns() // 1_000_000))
    except FormatError as error:
        return {"ok": False, "alerts": [], "error": str(error), "faults": _faults(error.faults)}
    alerts = sorted([*_told(form, webhook), *_rejected(webhook)], key=lambda alert: int(str(alert["position"])))
    is_whole = not any("faults" in alert for alert in alerts)
    return {"ok": is_whole, "alerts": alerts, "ignored": webhook.ignored, "note": webhook.note}


def _told(form: Mapped, webhook: Webhook) -> Iterator[dict[str, object]]:
    for one in webhook.submissions:
        labels, annotations, url = form.content(one.line)
        note = annotations.get(NOTE)
        yield {
            "position": one.position,
            "status": one.status.value,
            "labels": labels,
            "annotations": annotations,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "url": url,
            "fingerprint": one.owner,
            "told_apart_by": "fingerprint" if one.identity else "labels",
            **({"faults": [{"field": "", "error": note}]} if note else {}),
        }


def _rejected(webhook: Webhook) -> Iterator[dict[str, object]]:
    for one in webhook.rejected:
        yield {"position": one.position, "faults": _faults(one.faults)}


def _faults(faults: tuple[Fault, ...]) -> list[dict[str, str]]:
    return [fault._asdict() for fault in faults]


def _lines(name: str, result: dict[str, object]) -> Iterator[str]:
    alerts = result["alerts"]
    assert isinstance(alerts, list)
    for alert in alerts:
        yield from _alert_lines(alert)
    if "error" in result:
        yield f"{name}: {result['error']}"
        yield from _fault_lines(result)
    elif result["note"]:
        yield f"{name}: {result['note']}"
    if alerts and result.get("ignored"):
        yield f"ignored: {result['ignored']}"


def _alert_lines(alert: dict[str, object]) -> Iterator[str]:
    head = f"alerts[{alert['position']}]"
    if "labels" not in alert:
        yield f"{head}  goes to the quarantine"
        yield from _fault_lines(alert)
        return
    labels, annotations = alert["labels"], alert["annotations"]
    assert isinstance(labels, dict)
    assert isinstance(annotations, dict)
    yield f"{head}  {alert['status']}  {labels['alertname']}"
    yield from (f"  label       {name}: {value}" for name, value in labels.items() if name != "alertname")
    yield from (f"  annotation  {name}: {value}" for name, value in annotations.items())
    yield from (f"  {field:<11} {alert[field]}" for field in ("starts_at", "ends_at", "url") if alert[field])
    yield f"  {'fingerprint':<11} {alert['fingerprint']} (told apart by {alert['told_apart_by']})"


def _fault_lines(of: dict[str, object]) -> Iterator[str]:
    faults = of["faults"]
    assert isinstance(faults, list)
    yield from (f"  {fault['field']}: {fault['error']}".replace("  : ", "  ") for fault in faults)
