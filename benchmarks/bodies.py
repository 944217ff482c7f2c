"""Alerts and webhooks of realistic size (about 640 bytes an alert), made from a number."""

from __future__ import annotations

import orjson

STARTS_AT = "2026-11-23T15:10:29.862Z"


def labels(number: int) -> dict[str, str]:
    """Labels of an alert; the same number means the same alert."""
    return {
        "alertname": f"HighErrorRate{number % 97}",
        "instance": f"api-{number}.example.com:9090",
        "job": "api",
        "namespace": "payments",
        "severity": "warning",
        "cluster": "eu-west-1",
        "team": "payments",
    }


def alert(number: int) -> dict[str, object]:
    """One firing alert, as Alertmanager writes it."""
    return {
        "status": "firing",
        "labels": labels(number),
        "annotations": {
            "summary": f"High error rate on api-{number}",
            "description": "5xx ratio is 12.3% for 10m; see the dashboard and the runbook",
            "runbook_url": "https://runbooks.example.com/HighErrorRate",
        },
        "startsAt": STARTS_AT,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0",
    }


def webhook(numbers: range) -> bytes:
    """One webhook with these alerts."""
    body = {"version": "4", "receiver": "bench", "groupKey": "{}:{}", "status": "firing"}
    return orjson.dumps({**body, "alerts": [alert(number) for number in numbers]})


def posted(numbers: range, starts_at: str = STARTS_AT, **more: str) -> bytes:
    """The same alerts with `more` labels, as Prometheus posts them to an Alertmanager."""
    changed: dict[str, object] = {"startsAt": starts_at, "endsAt": "2099-12-31T23:59:59.999Z"}
    alerts = [{**alert(number), **changed, "labels": {**labels(number), **more}} for number in numbers]
    return orjson.dumps([{name: one[name] for name in one if name != "status"} for one in alerts])
