"""What a target was sent, read back out of its request: for the receiver that stands in for every target."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from alerts.instant import instant, is_zero

if TYPE_CHECKING:
    from collections.abc import Iterator

_FINGERPRINT = re.compile(r"\b[0-9a-f]{16}\b")
_STATUS = re.compile(r"\b(firing|resolved)\b", re.IGNORECASE)
_SEVERITY = re.compile(r"\b(critical|error|warning|info|noise)\b", re.IGNORECASE)
_STATUSES = {"trigger": "firing", "triggered": "firing", "open": "firing", "resolve": "resolved"}
# Where each kind of target keeps what, the most telling first.
_STATUS_KEYS = ("status", "event_action", "state")
_NAME_KEYS = ("alert_name", "alertname", "title", "summary", "text")
_KEY_KEYS = ("fingerprint", "dedup_key", "external_id", "external_identifier")
_ID_KEYS = ("notification_id", "id")
_INNER = ("classification", "payload", "data", "alert", "labels", "custom_details", "annotations")

# Real bodies are flatter; what is deeper is not searched.
_DEPTH_MAX = 12


class Notification(NamedTuple):
    """One alert that somebody is told about; what a body does not say is empty."""

    status: str = ""
    severity: str = ""
    name: str = ""
    key: str = ""
    """Fingerprint or dedup key."""
    id: str = ""
    judge: str = ""
    """Who classified it, and by what: `llm: small`, `rules: backup`."""
    is_replayed: bool = False
    """Whether it says that `winnow replay --send` sent it."""


class Arrival(NamedTuple):
    """One request."""

    kind: str
    """pagerduty, slack, alertmanager, rootly or webhook."""
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: object
    """The JSON it holds; the text, if it is none."""

    def notifications(self) -> list[Notification]:
        """What the body tells, at least one."""
        if self.kind == "slack":
            return [_from_texts(self.body)]
        alerts = self.body.get("alerts") if isinstance(self.body, Mapping) else self.body
        several = isinstance(alerts, Sequence) and not isinstance(alerts, str) and alerts
        told = [_from_fields(one) for one in several or [self.body]]
        given = self.headers.get("webhook-id", "")
        if not given:
            return told
        ids = given.split(", ")
        return [one._replace(id=ids[place] if len(ids) == len(told) else given) for place, one in enumerate(told)]


def kind_of(path: str) -> str:
    """Which kind of target a path belongs to."""
    if path.startswith(("/v2/enqueue", "/v2/change/enqueue")):
        return "pagerduty"
    if path.startswith(("/slack", "/services/")):
        return "slack"
    if path.endswith("/api/v2/alerts"):
        return "alertmanager"
    return "rootly" if "rootly" in path or path.startswith("/webhooks/incoming/") else "webhook"


def arrival(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:
    """Read one request; never fails."""
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        content = body.decode(errors="replace")
    return Arrival(kind_of(path.partition("?")[0]), method, path, headers, content)


def _from_fields(entry: object) -> Notification:
    """Look for each field in the entry and then in what it commonly wraps."""
    parts = list(_parts(entry))
    status = _first(parts, _STATUS_KEYS)
    return Notification(
        _STATUSES.get(status, status) or _ending(parts),
        _first(parts, ("severity",)),
        _first(parts, _NAME_KEYS[:2]) or _first(parts, _NAME_KEYS),
        _first(parts, _KEY_KEYS),
        _first(parts, _ID_KEYS),
        _judge(parts),
        any(part.get("replayed") is True or part.get("winnow_replayed") == "true" for part in parts),
    )


def _judge(parts: Sequence[Mapping[str, object]]) -> str:
    """As Winnow's own documents carry it; what others call a source is something else."""
    found = next((one for part in parts if isinstance(one := part.get("classification"), Mapping)), {})
    return ": ".join(text for name in ("source", "rule") if isinstance(text := found.get(name), str) and text)


def _ending(parts: Sequence[Mapping[str, object]]) -> str:
    """Alertmanager's API has no status: an alert whose end has come is resolved."""
    if not _first(parts, ("startsAt",)):
        return ""
    ends_at = _first(parts, ("endsAt",))
    try:
        is_over = not is_zero(ends_at) and instant(ends_at) <= datetime.now(UTC)
    except ValueError:
        is_over = False
    return "resolved" if is_over else "firing"


def _parts(entry: object, depth: int = 0) -> Iterator[Mapping[str, object]]:
    if isinstance(entry, Mapping) and depth < _DEPTH_MAX:
        yield entry
        for name in _INNER:
            yield from _parts(entry.get(name), depth + 1)


def _first(parts: Sequence[Mapping[str, object]], names: Sequence[str]) -> str:
    found = (part.get(name) for name in names for part in parts)
    return next((text for text in found if isinstance(text, str) and text), "")


def _from_texts(body: object) -> Notification:
    """Slack has text only, so words are looked for in it."""
    texts = list(_texts(body))
    everything = "\n".join(texts)
    found = [pattern.search(everything) for pattern in (_STATUS, _SEVERITY, _FINGERPRINT)]
    status, severity, key = (match[0].lower() if match else "" for match in found)
    name = texts[0] if texts else ""
    return Notification(status, severity, name, key, is_replayed=name.startswith("[REPLAYED"))


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth == _DEPTH_MAX:
        return
    elif isinstance(value, Mapping):
        for name in ("text", "title", "value", "fields", "elements", "blocks", "attachments"):
            yield from _texts(value.get(name), depth + 1)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one, depth + 1)
