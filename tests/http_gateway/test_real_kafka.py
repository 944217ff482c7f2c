"""What a broker in memory cannot show: topics that are made or cannot be, and records as large as they get."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from alerts.config import Kafka
from alerts.record import ALERT_MAX_BYTES, RECORD_MAX_BYTES
from connectors.kafka.topics import partitions
from tests.support.gateway import PARTITIONS, PLAIN, alert, gateway, starting, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.gateway import Gateway


@pytest.fixture
def kafka(kafka_bootstrap: str, topic_prefix: str) -> Kafka:
    return Kafka(bootstrap=kafka_bootstrap, topic_prefix=topic_prefix, partitions=PARTITIONS)


def make(kafka: Kafka, topics: dict[str, int]) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for future in admin.create_topics([NewTopic(name, count, 1) for name, count in topics.items()]).values():
        future.result(20)


def noise(size: int) -> str:
    """Text that no compression makes smaller by much."""
    return "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=size))


def sized(line_bytes: int) -> dict[str, object]:
    """An alert whose compact JSON has this size."""
    rest = len(webhook(alert(annotations={"a": ""}))) - len(webhook())
    return alert(annotations={"a": noise(line_bytes - rest)})


def told(running: Gateway, text: str) -> bool:
    answer = running.client.get("/readyz")
    return answer.status_code == 503 and text in answer.json()["reason"]


def test_missing_topics_are_made_as_configured(tmp_path: Path, kafka: Kafka) -> None:
    with gateway(tmp_path, kafka):
        listed = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=20).topics
    ours = {name: len(topic.partitions) for name, topic in listed.items() if name.startswith(kafka.topic_prefix)}
    assert ours == partitions(kafka)


def test_topics_that_cannot_be_made_are_named_and_waited_for(tmp_path: Path, kafka: Kafka) -> None:
    with starting(tmp_path, kafka.model_copy(update={"replication": 30})) as running:
        wait_for(running.answers, "the gateway answers", 20)
        wait_for(lambda: told(running, kafka.topic_prefix), "the reason names a topic", 20)
        assert "eplication" in running.client.get("/readyz").json()["reason"]
        assert running.post(webhook(alert())).status_code == 503
        make(kafka, partitions(kafka))
        wait_for(running.is_ready, "ready by itself", 20)
        assert running.post(webhook(alert())).status_code == 202
        assert "Traceback" not in running.log()


def test_topic_with_another_number_of_partitions_is_told_with_both_numbers(tmp_path: Path, kafka: Kafka) -> None:
    make(kafka, {f"{kafka.topic_prefix}.webhooks": 3})
    with starting(tmp_path, kafka) as running:
        wait_for(running.answers, "the gateway answers", 20)
        wait_for(lambda: told(running, "has 3 partitions"), "the reason", 20)
        assert told(running, f"kafka.partitions: {PARTITIONS}")
        assert running.post(webhook(alert())).status_code == 503


def test_body_of_ten_mib_for_one_partition_becomes_records_that_fit(tmp_path: Path, kafka: Kafka) -> None:
    texts = [str(number) + noise(20_000) for number in range(510)]
    body = webhook(*(alert("one", annotations={"text": text}) for text in texts))
    assert 10_000_000 < len(body) < 10 * 1024**2
    with gateway(tmp_path, kafka) as running:
        response = running.post(body, PLAIN)
        assert response.status_code == 202
        records = running.webhooks(response.json()["ingest_id"])
    assert len({record.stored.partition for record in records}) == 1
    assert max(len(record.stored.value) for record in records) <= RECORD_MAX_BYTES
    assert [entry["annotations"] for record in records for entry in record.alerts] == [{"text": text} for text in texts]


def test_largest_alert_is_stored_and_a_byte_more_is_refused_by_name(tmp_path: Path, kafka: Kafka) -> None:
    with gateway(tmp_path, kafka) as running:
        largest = sized(ALERT_MAX_BYTES)
        stored = running.post(webhook(largest, receiver="\x01" * 10_000, groupKey="\x01" * 10_000))
        assert stored.status_code == 202
        (record,) = running.webhooks(stored.json()["ingest_id"])
        assert record.alerts == [largest]
        refused = running.post(webhook(sized(ALERT_MAX_BYTES + 1)))
        assert refused.status_code == 400
        (fault,) = refused.json()["error"]["details"]
        assert fault["field"] == "alerts[0]"
        assert "DiskSlow" in fault["error"]


def test_alert_of_two_mib_does_not_keep_the_others_out(tmp_path: Path, kafka: Kafka) -> None:
    with gateway(tmp_path, kafka) as running:
        response = running.post(webhook(alert("small"), sized(2 * 1024**2)))
        assert response.status_code == 207
        (record,) = running.webhooks(response.json()["ingest_id"])
        assert record.alerts == [alert("small")]
        (entry,) = running.quarantined(id=response.json()["ingest_id"])
        assert (entry["position"], entry["body_bytes"]) == (1, 2 * 1024**2)


def test_what_the_file_says_about_acknowledgements_changes_nothing(tmp_path: Path, kafka: Kafka) -> None:
    client = {"acks": "0", "enable.idempotence": "false", "message.timeout.ms": "0"}
    with gateway(tmp_path, kafka.model_copy(update={"client": client})) as running:
        response = running.post(webhook(alert()))
        assert response.status_code == 202, response.text
        assert running.webhooks(response.json()["ingest_id"])
