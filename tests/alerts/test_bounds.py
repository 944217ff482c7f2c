"""What one alert of a body may hold."""

from __future__ import annotations

import orjson
import pytest

from alerts.bounds import read
from alerts.formats import formats
from alerts.webhook import Received


def test_alert_with_many_short_labels_is_read() -> None:
    labels = {f"{number}": "" for number in range(4000)} | {"alertname": "A"}
    webhook = read(formats()["prometheus"], Received(orjson.dumps([{"labels": labels}]), 0))
    assert len(webhook.submissions) == 1


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "grafana"])
@pytest.mark.parametrize(("labels", "annotations"), [(1000, 0), (0, 1000), (80, 80)])
def test_alert_with_a_crowd_of_faults_has_one(name: str, labels: int, annotations: int) -> None:
    alert = {
        "status": "firing",
        "startsAt": "2026-11-24T03:00:00Z",
        "labels": {"alertname": "A", **{f"{number}": number for number in range(labels)}},
        "annotations": {f"{number}": number for number in range(annotations)},
    }
    form = formats()[name]
    webhook = read(form, Received(form.alone(orjson.dumps(alert)), 0))
    ((fault,),) = [rejected.faults for rejected in webhook.rejected]
    assert str(max(labels + annotations, 160)) in fault.error


def test_faults_of_an_alert_are_named_up_to_a_hundred() -> None:
    labels = {f"{number}": number for number in range(100)}
    webhook = read(formats()["prometheus"], Received(orjson.dumps([{"labels": labels}]), 0))
    assert [fault.field for fault in webhook.rejected[0].faults] == [f"alerts[0].labels.{name}" for name in labels]
