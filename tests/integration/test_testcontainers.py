"""The way through a container, which this repository's own CI proves with an engine of its own."""

from __future__ import annotations

import pytest

from tests.support.kafka.choose import kafka
from tests.support.kafka.round_trip import round_trip

pytestmark = [pytest.mark.container, pytest.mark.kafka, pytest.mark.timeout(900)]


def test_kafka_in_a_container_gives_back_what_it_acknowledged(topic_prefix: str) -> None:
    with kafka("container") as found:
        assert round_trip(found.bootstrap, f"{topic_prefix}.one", b"alert") == b"alert"
