"""A Kafka topic: the document a webhook gets, as the value of a message.

Source: https://kafka.apache.org/documentation/#topicconfigs_max.message.bytes (1 MiB; the producer's limit is 1 000 000
bytes, see `message.max.bytes` in https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md)
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from alerts.config import Target
from alerts.decision import Delivery
from connectors.request import REPLAYED, Message
from connectors.targets.webhook import document
from connectors.text import to_json


class Config(Target):
    """A topic of the Kafka that Winnow itself uses; it must be there."""

    kind: Literal["kafka"] = "kafka"
    # Kafka's own rule (org.apache.kafka.common.internals.Topic), and no dot in front: `.` and `..` are none.
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}$")]


EXAMPLE: dict[str, object] = {"name": "alert-stream", "kind": "kafka", "topic": "alerts.classified"}


def render(config: Config, delivery: Delivery, at: datetime) -> Message:  # noqa: ARG001 every renderer takes it
    """The document under the fingerprint, so that all events of one alert lie in one partition, in order."""
    headers: tuple[tuple[str, bytes], ...]
    headers = (("notification-id", delivery.id.encode()), ("content-type", b"application/json"))
    if delivery.alert.envelope.traceparent:
        headers = (*headers, ("traceparent", delivery.alert.envelope.traceparent.encode()))
    if delivery.replayed:
        headers = (*headers, (REPLAYED, b"true"))
    return Message(config.topic, to_json(document(delivery)), delivery.alert.fingerprint.encode(), headers=headers)
