"""A silent loss at any stage is seen: one run of a product with a leak at each of them."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.chaos.report import lost
from tests.chaos.run import Result, run
from tests.chaos.settings import DROPS, Settings
from tests.support.kafka.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    try:
        yield run(Settings(5.0, rate=300.0, drops=DROPS, pace=0), tmp_path_factory.mktemp("leaks"), lambda _: None)
    except UnavailableError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("stage", DROPS)
def test_alert_that_vanishes_at_a_stage_is_named(leaked: Result, stage: str) -> None:
    assert f"leak-{stage}" in lost(leaked)


def test_no_other_alert_is_named(leaked: Result) -> None:
    found = defaultdict(set)
    for finding in leaked.findings:
        found[finding.name].add(finding.what)
    assert sorted(found) == sorted(["-", *(f"leak-{stage}" for stage in DROPS)]), found
    assert found["-"] == {"ledger disagrees"}
