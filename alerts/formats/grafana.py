"""Grafana Alerting's webhook: Alertmanager's with links and values of its own, by POST or PUT.

The links and values become annotations when the alert is opened; they are no labels, so they change nothing about who
it is. Its fingerprint counts labels that the body leaves out: `alerts.fingerprint.identity` keeps such alerts apart.

Source: https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.described import Body
from alerts.errors import FormatError, LimitError
from alerts.formats import alertmanager

if TYPE_CHECKING:
    from alerts.webhook import Content, Received, Webhook

PATHS = ("/v1/webhooks/grafana",)
METHODS = ("POST", "PUT")

_LINK = "https://grafana.example.com/d/hGxxKbRGz"
_ALERT = {
    "status": "firing",
    "labels": {"alertname": "High memory usage", "grafana_folder": "Shop", "zone": "us-1"},
    "annotations": {"summary": "Memory of zone us-1 is nearly full"},
    "startsAt": "2026-11-24T03:00:00+01:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "c6eadffa33fcdf37",
    "dashboardURL": _LINK,
    "values": {"B": 44.2, "C": 1},
}
_EXAMPLE = {"receiver": "winnow", "version": "1", "orgId": 1, "status": "firing", "alerts": [_ALERT]}
BODIES = {"application/json": Body(alertmanager.WebhookBody, {"firing": _EXAMPLE})}

# Under the names by which targets know them (`connectors/text.py`).
_LINKS = {
    "dashboardURL": "dashboard_url",
    "panelURL": "panel_url",
    "silenceURL": "silence_url",
    "imageURL": "image_url",
}


def read(received: Received) -> Webhook:
    """Decode one webhook of Grafana's.

    Raises:
        FormatError: Not JSON, or no such webhook; its `faults` name every faulty field.
    """
    try:
        return alertmanager.read(received)
    except LimitError:
        raise
    except FormatError as error:
        message = str(error).replace("an Alertmanager webhook", "a Grafana webhook")
        raise FormatError(message, faults=error.faults) from error


alone = alertmanager.alone


def content(line: bytes) -> Content:
    """Decode one line of a record, what is Grafana's own as annotations beside those of the rule, which win.

    Raises:
        FormatError: Not JSON, or no `labels`.
    """
    found = alertmanager.content(line)
    try:
        own = _own(orjson.loads(line))
    except orjson.JSONDecodeError as error:  # in what is not read above
        raise FormatError(f"line is no alert of Grafana: {type(error).__name__}") from error
    return found._replace(annotations={**own, **found.annotations}) if own else found


def _own(entry: dict[str, object]) -> dict[str, str]:
    """What is of use to people, as far as it is there: an odd value is no reason to lose an alert."""
    own = {name: value for field, name in _LINKS.items() if isinstance(value := entry.get(field), str) and value}
    values = _values(entry)
    return {**own, "values": values} if values else own


def _values(entry: dict[str, object]) -> str:
    """`B=44.2, C=1`, the results of the rule's queries; before Grafana 10 a text of its own."""
    values = entry.get("values")
    if isinstance(values, dict) and values:
        return ", ".join(f"{name}={_number(value)}" for name, value in sorted(values.items()))
    text = entry.get("valueString")
    return text if isinstance(text, str) else ""


def _number(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
