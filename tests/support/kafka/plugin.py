"""pytest's side of the Kafka for tests.

A test that takes `kafka_bootstrap` is marked `kafka`; without a Kafka it is skipped by name, in CI it fails.
A test marked `container` runs where a container engine answers, or where `-m` asks for it.
"""

from __future__ import annotations

import os
import signal
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.kafka.choose import Kafka, kafka
from tests.support.kafka.container import engine_fault
from tests.support.kafka.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIXTURE = "kafka_bootstrap"
_ORIGIN = pytest.StashKey[str]()
# The first test that needs it waits for jars or an image to be fetched.
_FIRST_TIMEOUT_S = 900


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and let skipped tests be listed by name."""
    config.addinivalue_line("markers", "container: proves that Kafka can be run in a container")
    config.option.fold_skipped = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs Kafka; leave out what needs a container engine if there is none."""
    for item in items:
        if _needs_kafka(item):
            item.add_marker("kafka")
    proofs = [item for item in items if item.get_closest_marker("container")]
    if proofs and "container" not in config.option.markexpr and engine_fault():
        items[:] = [item for item in items if item not in proofs]
        config.hook.pytest_deselected(items=proofs)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Give the test during which Kafka is started the time for that."""
    first = next(filter(_needs_kafka, session.items), None)
    if first is not None:
        first.add_marker(pytest.mark.timeout(_FIRST_TIMEOUT_S), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which Kafka it was."""
    if origin := config.stash.get(_ORIGIN, None):
        terminalreporter.write_line(f"kafka: {origin}")


def _needs_kafka(item: pytest.Item) -> bool:
    return _FIXTURE in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a real Kafka, one for all tests of the session, started when the first of them needs it."""
    # Left alone, SIGTERM would end this process without its fixtures' ends.
    before = signal.signal(signal.SIGTERM, _end_session)
    try:
        with kafka() as found:
            request.config.stash[_ORIGIN] = _told(found)
            yield found.bootstrap
    except UnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    finally:
        signal.signal(signal.SIGTERM, before)


def _told(found: Kafka) -> str:
    return f"{found.origin}, {found.bootstrap}"


def _end_session(number: int, _frame: object) -> None:
    pytest.exit(f"signal {number}", returncode=128 + number)


@pytest.fixture
def topic_prefix() -> str:
    """Begins the names of one test's topics and groups, so that tests share a broker unseen."""
    return f"t-{uuid.uuid4().hex[:8]}"
