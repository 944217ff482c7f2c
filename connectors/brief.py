"""What every target says of an alert, taken from where senders put it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.condition import namespace
from connectors.text import fit, is_link

if TYPE_CHECKING:
    from alerts.alert import Alert
    from alerts.decision import Classification

# Annotations that hold links, by the names Prometheus, Grafana and common rule sets use.
_LINKS = {
    "runbook_url": "Runbook",
    "runbook": "Runbook",
    "dashboard_url": "Dashboard",
    "dashboard": "Dashboard",
    "panel_url": "Panel",
    "silence_url": "Silence",
}


def summary(alert: Alert) -> str:
    """One line that says what is wrong: its summary, else its name and where."""
    told = alert.annotations.get("summary") or alert.annotations.get("message") or ""
    return fit(told.strip()) or f"{alert.name} {place(alert)}".strip()


def description(alert: Alert) -> str:
    """What the sender explains; may be empty."""
    return fit(alert.annotations.get("description", "").strip())


def place(alert: Alert) -> str:
    """Where it is: instance, pod, service or namespace, the first that is named."""
    names = ("instance", "pod", "service", "job", "namespace")
    return fit(next((alert.labels[name] for name in names if alert.labels.get(name)), ""))


def room(alert: Alert) -> str:
    """The namespace, or a word that says there is none."""
    return namespace(alert) or "no namespace"


def links(alert: Alert) -> list[tuple[str, str]]:
    """`(text, URL)` of everything worth a click, each URL once."""
    found = [(title, alert.annotations.get(name, "")) for name, title in _LINKS.items()]
    found.append(("Source", alert.generator_url))
    seen = {url: text for text, url in reversed(found) if is_link(url)}
    return [(text, url) for url, text in reversed(seen.items())]


def classification(found: Classification) -> dict[str, object]:
    """What it was taken for, as JSON can hold it."""
    return {
        "severity": found.severity,
        "category": found.category,
        "confidence": found.confidence,
        "source": found.source,
        "rule": found.rule,
        "reasoning": found.reasoning,
        "recommendations": found.recommendations,
    }
