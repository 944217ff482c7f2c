"""What a body may hold beside alerts."""

from __future__ import annotations

import orjson
import pytest

from alerts.bounds import check_entries, read
from alerts.errors import LimitError
from alerts.formats import formats
from alerts.webhook import Received

SHORTEST = b'{"status":"firing","labels":{"alertname":"A"},"startsAt":"2026-11-24T03:00:00Z"}'


def _list(entry: bytes, count: int) -> bytes:
    return b"[" + b",".join([entry] * count) + b"]"


@pytest.mark.parametrize("entry", [b"0", b"{}", b'"12345678"', b'{"labels":{}}'])
@pytest.mark.parametrize("size_bytes", [20_000, 200_000, 300_000])
def test_crowd_of_entries_that_are_no_alerts_is_refused_as_one(entry: bytes, size_bytes: int) -> None:
    body = _list(entry, size_bytes // len(entry))
    with pytest.raises(LimitError, match="too many entries"):
        check_entries(body)
    with pytest.raises(LimitError, match="too many entries"):
        check_entries(b'{"receiver":"r","alerts":' + body + b"}")


def test_entries_of_a_small_body_are_refused_one_by_one() -> None:
    webhook = read(formats()["prometheus"], Received(_list(b"0", 1000), 0))
    assert len(webhook.rejected) == 1000


@pytest.mark.parametrize("count", [180, 3000, 5000])
def test_shortest_alerts_are_never_too_many(count: int) -> None:
    webhook = read(formats()["prometheus"], Received(_list(SHORTEST, count), 0))
    assert len(webhook.submissions) == count


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
