from __future__ import annotations

import pytest

from connectors.recovery_store import option

NAMES = ("-w", "--workers-per-process")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["run", "flows.proxy"], None),
        (["run", "-w", "2"], "2"),
        (["run", "-w2"], "2"),
        (["run", "--workers-per-process", "3"], "3"),
        (["run", "--workers-per-process=3"], "3"),
        (["run", "-w"], None),
    ],
)
def test_option_is_found_as_bytewax_reads_it(arguments: list[str], found: str | None) -> None:
    assert option(NAMES, "WORKERS", arguments, {}) == found


def test_option_falls_back_to_the_environment() -> None:
    assert option(NAMES, "WORKERS", ["run"], {"WORKERS": "4"}) == "4"
