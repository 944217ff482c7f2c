"""A scenario against Winnow on a real Kafka: who should be told is told, once."""

from __future__ import annotations

import pytest

from benchmarks.load.k6 import inspect
from benchmarks.load.run import here, there
from tests.support.product import product

pytestmark = pytest.mark.timeout(300)


FEW = {"SCALE": "0.05", "RATE_SCALE": "0.03"}


def test_baseline_tells_every_alert_once_at_each_target(kafka_bootstrap: str) -> None:
    found = here(inspect("baseline", FEW), FEW, kafka_bootstrap, lambda _: None)
    assert found.told is not None
    assert found.book is not None
    assert (found.told.missing, found.told.extra) == ([], [])
    assert found.told.arrived == found.told.expected == 3 * len(found.sent.different)
    assert found.sent.accepted == found.book.accepted == len(found.sent.different) > 0
    assert found.book.unaccounted == 0
    assert len(found.late_ms["baseline"]) == found.told.arrived


def test_storm_tells_one_alert_once_at_each_target(kafka_bootstrap: str) -> None:
    found = here(inspect("storm", FEW), FEW, kafka_bootstrap, lambda _: None)
    assert found.told == (3, 3, [], [])
    assert found.book is not None
    assert found.sent.accepted == found.book.accepted > 1
    assert found.book.unaccounted == 0


def test_gateway_that_runs_already_is_loaded_and_its_ledger_read_where_kafka_is_known(
    kafka_bootstrap: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    asked = inspect("storm", FEW)
    with product(kafka_bootstrap, topic_prefix) as running:
        blind = there(asked, FEW, running.url)
        monkeypatch.setenv("WINNOW_CONFIG", running.environ["WINNOW_CONFIG"])
        found = there(asked, FEW, running.url)
    assert (blind.told, blind.book) == (None, None)
    assert found.book is not None
    assert found.book.accepted >= found.sent.accepted > 1
    assert found.book.unaccounted == 0
