"""What a request says, in each target's own words; written from the targets' documents, not from Winnow's code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple


class Spoken(NamedTuple):
    """One notification."""

    name: str
    """The alert's label `instance`; of Slack, which is told no labels, its fingerprint behind a `#`."""
    status: str
    starts_at: str
    id: str
    """By which a receiver knows a repeat; of Slack, which has none, what the message says."""


def read(kind: str, headers: dict[str, str], body: Any) -> list[Spoken]:
    """Read one request; only an Alertmanager is told of several alerts in one.

    Raises:
        KeyError, IndexError, ValueError, TypeError: It is not what this kind of target is sent.
    """
    return _alertmanager(headers, body) if kind == "alertmanager" else [_READERS[kind](headers, body)]


def is_heartbeat(kind: str, headers: dict[str, str]) -> bool:
    """Whether it tells an Alertmanager only that nothing has changed: no notification, so it has no id."""
    return kind == "alertmanager" and "webhook-id" not in headers


def _webhook(headers: dict[str, str], body: Any) -> Spoken:
    return Spoken(body["labels"]["instance"], body["status"], body["starts_at"], headers["webhook-id"])


def _pagerduty(headers: dict[str, str], body: Any) -> Spoken:
    status = {"trigger": "firing", "resolve": "resolved"}[body["event_action"]]
    details = body["payload"]["custom_details"]
    if body["dedup_key"] != details["fingerprint"] or details["status"] != status:
        raise ValueError("dedup_key or event_action is not the alert's")
    return Spoken(details["labels"]["instance"], status, details["starts_at"], details["notification_id"])


def _rootly(headers: dict[str, str], body: Any) -> Spoken:
    return Spoken(body["labels"]["instance"], body["status"], body["starts_at"], body["notification_id"])


def _alertmanager(headers: dict[str, str], body: Any) -> list[Spoken]:
    now = datetime.now(UTC)
    return [
        Spoken(
            alert["labels"]["instance"],
            "resolved" if datetime.fromisoformat(alert["endsAt"]) <= now else "firing",
            alert["startsAt"],
            id_,
        )
        for alert, id_ in zip(body, headers["webhook-id"].split(", "), strict=True)
    ]


def _slack(headers: dict[str, str], body: Any) -> Spoken:
    blocks = body["attachments"][0]["blocks"]
    fields = dict(
        field["text"].split("\n", 1)
        for block in blocks
        if block["type"] == "section"
        for field in block.get("fields", ())
    )
    print_ = blocks[-1]["elements"][0]["text"].removeprefix("Fingerprint ")
    status, starts_at = fields["Status"], fields["Started"]
    return Spoken(f"#{print_}", status, starts_at, f"{print_}/{status}/{starts_at}")


_READERS = {
    "webhook": _webhook,
    "pagerduty": _pagerduty,
    "rootly": _rootly,
    "slack": _slack,
}
