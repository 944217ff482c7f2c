from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest
from pydantic import ValidationError

from connectors.targets.kafka import Config, render
from connectors.targets.webhook import document
from tests.support.build import AT, TRACEPARENT, alert, delivery, huge, traced

if TYPE_CHECKING:
    from connectors.request import Message


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "stream", "kind": "kafka", "topic": "alerts.classified", **changes})


def made() -> Message:
    return render(config(), delivery(), AT)


def test_key_is_the_fingerprint_so_an_alerts_events_stay_in_order() -> None:
    assert made().key == alert().fingerprint.encode()
    assert made().partition is None


def test_value_is_the_document_a_webhook_gets() -> None:
    assert made().value == orjson.dumps(document(delivery()), option=orjson.OPT_SORT_KEYS)
    value = json.loads(made().value)
    assert value["alert_name"] == "PostgresDown"
    assert value["classification"]["severity"] == "critical"
    assert value["notification_id"] == delivery().id


def test_headers_tell_the_notification_and_the_type() -> None:
    assert dict(made().headers) == {"notification-id": delivery().id.encode(), "content-type": b"application/json"}


def test_trace_context_of_the_sender_goes_along() -> None:
    made = render(config(), traced(), AT)
    assert dict(made.headers)["traceparent"] == TRACEPARENT.encode()


def test_goes_to_the_topic() -> None:
    assert made().topic == "alerts.classified"


def test_value_of_a_huge_alert_is_below_what_a_producer_takes() -> None:
    assert len(render(config(), huge("\x01"), AT).value) < 1_000_000


@pytest.mark.parametrize("topic", ["", ".", "..", "a b", "a/b", "x" * 250, "\u00e4"])
def test_name_that_no_topic_can_have_is_refused(topic: str) -> None:
    with pytest.raises(ValidationError):
        config(topic=topic)


def test_longest_name_of_a_topic_is_taken() -> None:
    assert config(topic="x" * 249).topic


def test_what_is_replayed_says_so_in_a_header_and_in_the_value() -> None:
    made = render(config(), delivery(replayed=True), AT)
    assert dict(made.headers)["winnow-replayed"] == b"true"
    assert json.loads(made.value)["replayed"] is True
