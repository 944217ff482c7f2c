"""A gateway on a broker in memory, one for each test file; no test may end it or make it print a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Gateway, broker, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker


@pytest.fixture(scope="module")
def embedded() -> Iterator[tuple[EmbeddedBroker, Kafka]]:
    with broker() as started:
        yield started


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    """What `gateway:` holds in winnow.yaml; a test file may have its own."""
    return {}


@pytest.fixture(scope="module")
def running(
    embedded: tuple[EmbeddedBroker, Kafka], settings: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("gateway"), embedded[1], **settings) as started:
        yield started


@pytest.fixture(autouse=True)
def _unharmed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "running" in request.fixturenames:
        gateway: Gateway = request.getfixturevalue("running")
        assert gateway.client.get("/healthz").status_code == 200, gateway.log()[-3000:]
        assert "Traceback" not in gateway.log()
        assert "panicked" not in gateway.log()
