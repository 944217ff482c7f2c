"""How far one gets on the way to a broker that does not answer."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from connectors.kafka.doorstep import Got, Reached, furthest
from tests.support.product import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def silent() -> Iterator[str]:
    """Where somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_closed_port_is_nobody() -> None:
    address = f"127.0.0.1:{free_port()}"
    assert furthest(address, 10) == Reached(address, Got.NOBODY)


def test_listener_that_is_no_kafka_is_somebody(silent: str) -> None:
    assert furthest(f"PLAINTEXT://{silent}", 10).got == Got.SOMEBODY


def test_name_that_is_none_has_no_address() -> None:
    assert furthest("no..name:9092", 10).got == Got.NO_NAME


def test_port_that_takes_nobody_more_does_not_answer() -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        assert furthest(f"127.0.0.1:{listener.getsockname()[1]}", 0.2).got == Got.NO_WAY


def test_of_several_addresses_the_one_counts_where_one_gets_furthest(silent: str) -> None:
    closed = f"127.0.0.1:{free_port()}"
    assert furthest(f"no..name, {closed},{silent},{closed}", 10) == Reached(silent, Got.SOMEBODY)
