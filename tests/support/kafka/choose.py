"""Which Kafka the tests use: one that runs already, one in a container, or one from jars."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alerts.config import Kafka as Settings
from alerts.errors import KafkaError
from connectors.kafka.facts import facts
from tests.support.kafka import container
from tests.support.kafka.broker import Broker
from tests.support.kafka.errors import BrokerError, UnavailableError
from tests.support.kafka.jars import version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

FORCE = "WINNOW_TEST_KAFKA"
"""The variable that names the only way to be tried."""
_ANSWERS_WITHIN_S = 10.0


class Kafka(NamedTuple):
    """One that serves."""

    bootstrap: str
    origin: str
    """Where it comes from, for people."""


@contextmanager
def _given() -> Iterator[Kafka]:
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP")
    if not bootstrap:
        raise UnavailableError("KAFKA_BOOTSTRAP is not set")
    _check(bootstrap)
    yield Kafka(bootstrap, "KAFKA_BOOTSTRAP")


def _check(bootstrap: str) -> None:
    """Tell what `make run` has had exported from a Kafka: it is easily left over.

    Raises:
        BrokerError: Nobody answers, or a broker in memory.
    """
    try:
        found = facts(Settings(bootstrap=bootstrap), (), _ANSWERS_WITHIN_S)
    except KafkaError as error:
        raise BrokerError(f"KAFKA_BOOTSTRAP: {error}; unset it if it is left over from `make run`") from error
    if found.is_embedded:
        raise BrokerError(
            f"KAFKA_BOOTSTRAP: at {bootstrap} answers the broker in memory of `make run`, which is no Kafka to test or "
            "measure with: unset it"
        )


@contextmanager
def _container() -> Iterator[Kafka]:
    with container.opened() as bootstrap:
        yield Kafka(bootstrap, f"container of {container.image()}")


@contextmanager
def _jars() -> Iterator[Kafka]:
    with tempfile.TemporaryDirectory(prefix="winnow-kafka-") as folder, Broker(Path(folder)) as broker:
        yield Kafka(broker.bootstrap, f"Apache Kafka {version()} from jars")


WAYS: dict[str, Callable[[], AbstractContextManager[Kafka]]] = {
    "given": _given,
    "container": _container,
    "jars": _jars,
}
"""In the order in which they are tried."""


@contextmanager
def kafka(force: str | None = None) -> Iterator[Kafka]:
    """The first Kafka that can be had; what was started for it ends with the context.

    Args:
        force: The only way to try, of `WAYS`; None: the one that `WINNOW_TEST_KAFKA` names, else all.

    Raises:
        UnavailableError: None can be had; the text has the reason of each way.
        BrokerError: Java and Kafka are there and the broker does not start, or what KAFKA_BOOTSTRAP names is none: a
            fault, not a lack.
    """
    forced = force or os.environ.get(FORCE)
    if forced and forced not in WAYS:
        raise ValueError(f"{FORCE}: expected one of {', '.join(WAYS)}, got {forced!r}")
    reasons = []
    with ExitStack() as stack:
        for name in [forced] if forced else WAYS:
            try:
                found = stack.enter_context(WAYS[name]())
            except UnavailableError as error:
                reasons.append(f"{name}: {error}")
            else:
                yield found
                return
    raise UnavailableError("no Kafka to test with (" + "; ".join(reasons) + ")")
