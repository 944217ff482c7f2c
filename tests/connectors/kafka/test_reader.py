"""For how long records have been read without a break: silence counts for an end only then."""

from __future__ import annotations

from datetime import timedelta

from alerts.config import Kafka
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.reader import Reader
from tests.connectors.kafka.test_source import Wake
from tests.support.product import wait_for


def test_an_outage_of_kafka_is_a_break_in_reading() -> None:
    with EmbeddedBroker({"webhooks": 1}) as broker:
        kafka = Kafka(bootstrap=broker.bootstrap, client=CLIENT_SETTINGS)
        reader = Reader(kafka, "webhooks", "group", timedelta(0), Wake())
        assert reader.reading_s == 0
        reader.assign(0, 0)
        reader.start()
        try:
            wait_for(lambda: reader.reading_s > 1, "it has been reading for a second", 20)
            broker.set_down()
            wait_for(lambda: reader.reading_s == 0, "the break is noticed", 20)
            broker.set_up()
            wait_for(lambda: reader.reading_s > 0, "it reads again", 20)
            assert reader.reading_s < 1
        finally:
            reader.close()
