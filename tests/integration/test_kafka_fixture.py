"""The Kafka for tests itself: it works, and it leaves nothing behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connectors.kafka.embedded import EmbeddedBroker
from tests.support.kafka import choose
from tests.support.kafka.broker import Broker
from tests.support.kafka.choose import kafka
from tests.support.kafka.errors import BrokerError, UnavailableError
from tests.support.kafka.round_trip import read, round_trip, write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kafka

_VANISH_TIMEOUT_S = 20.0
# Says the broker's process id and waits to be killed.
_PARENT = """
import signal, sys
from pathlib import Path
from tests.support.kafka.broker import Broker
broker = Broker(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
signal.pause()
"""
needs_pidfd = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes by Linux' pidfd_open")


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    try:
        return Broker(tmp_path / "kafka")
    except UnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def has_ended(pidfd: int, within_s: float) -> bool:
    return bool(select.select([pidfd], [], [], within_s)[0])


def test_broker_gives_back_what_it_acknowledged(kafka_bootstrap: str, topic_prefix: str) -> None:
    assert round_trip(kafka_bootstrap, f"{topic_prefix}.one", b"alert") == b"alert"


def test_killed_broker_comes_back_with_its_data_at_its_address(broker: Broker, topic_prefix: str) -> None:
    topic = f"{topic_prefix}.kept"
    with broker:
        write(broker.bootstrap, topic, b"alert")
        broker.kill()
        broker.start()
        assert read(broker.bootstrap, topic) == b"alert"


@needs_pidfd
def test_stopped_broker_leaves_no_process_even_if_it_was_paused(broker: Broker) -> None:
    with broker:
        pidfd = os.pidfd_open(broker.pid)
        broker.pause()
    assert has_ended(pidfd, 0)
    os.close(pidfd)


@needs_pidfd
def test_broker_ends_when_its_parent_is_killed(broker: Broker, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "other")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pidfd = os.pidfd_open(int(parent.stdout.readline()))
        assert not has_ended(pidfd, 0)
        parent.kill()
    assert has_ended(pidfd, _VANISH_TIMEOUT_S)
    os.close(pidfd)


def test_broker_in_memory_is_no_kafka_to_test_with(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedBroker({"left-over": 1}) as left_over:
        monkeypatch.setenv("KAFKA_BOOTSTRAP", left_over.bootstrap)
        with pytest.raises(BrokerError, match=r"KAFKA_BOOTSTRAP: at .* answers the broker in memory"), kafka("given"):
            pass


def test_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_ANSWERS_WITHIN_S", 0.2)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:9")
    with (
        pytest.raises(BrokerError, match=r"KAFKA_BOOTSTRAP: no broker answers at 127.0.0.1:9: .*unset it"),
        kafka("given"),
    ):
        pass
