"""What real Alertmanagers send is accepted and lies in Kafka as it came."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.fingerprint import fingerprint
from tests.support.gateway import PLAIN, PROXY, alert, webhook

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "webhooks").glob("*/*.body"))
ZERO = "0001-01-01T00:00:00Z"


def name(sample: Path) -> str:
    return f"{sample.parent.name}-{sample.stem}"


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 20


@pytest.mark.parametrize("path", [PROXY, PLAIN])
@pytest.mark.parametrize("sample", SAMPLES, ids=name)
def test_real_webhook_lies_in_kafka_with_the_senders_fingerprints(running: Gateway, sample: Path, path: str) -> None:
    sent = orjson.loads(sample.read_bytes())
    response = running.post(sample.read_bytes(), path)
    assert response.status_code == 202
    records = running.webhooks(response.json()["ingest_id"])
    found: dict[int, dict[str, object]] = {}
    for record in records:
        assert [record.header[key] for key in ("receiver", "group_key")] == [sent["receiver"], sent["groupKey"]]
        for row, line in zip(record.rows, record.alerts, strict=True):
            assert isinstance(row[0], int)
            if row[0] == len(sent["alerts"]):  # what Winnow says of those that were left out
                continue
            found[row[0]] = line
            end = None if line["endsAt"] == ZERO else line["endsAt"]
            labels = sent["alerts"][row[0]]["labels"]
            assert row[1:] == [line["fingerprint"], line["status"], labels["alertname"], line["startsAt"], end]
            assert int(str(row[1]), 16) % running.kafka.partitions == record.stored.partition
    assert [found[position] for position in range(len(sent["alerts"]))] == sent["alerts"]


def test_alert_without_a_fingerprint_gets_that_of_its_labels(running: Gateway) -> None:
    response = running.post(webhook(alert("x")))
    (record,) = running.webhooks(response.json()["ingest_id"])
    assert record.rows[0][1] == fingerprint({"alertname": "DiskSlow", "instance": "x"})


def test_timestamp_of_the_record_is_the_accepted_time(running: Gateway) -> None:
    answer = running.post(webhook(alert())).json()
    (record,) = running.webhooks(answer["ingest_id"])
    told_ms = int(answer["timestamp"][-4:-1])
    assert record.stored.accepted_ms % 1000 == told_ms


def test_events_of_one_alert_keep_their_order_in_one_partition(running: Gateway) -> None:
    statuses = ["firing", "resolved"] * 10
    response = running.post(webhook(*(alert("same", status=status) for status in statuses)))
    (record,) = running.webhooks(response.json()["ingest_id"])
    assert [row[2] for row in record.rows] == statuses
