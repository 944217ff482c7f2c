"""The version of a configuration: it changes with what it means, and with nothing else."""

from __future__ import annotations

import pytest

from alerts.config_file import version
from tests.alerts.test_config_file import EXAMPLE, read


@pytest.mark.parametrize(
    "same",
    [
        EXAMPLE.replace("4h", "240m"),
        EXAMPLE.replace("127.0.0.1:9092", "kafka:9092").replace("127.0.0.1:8080", "0.0.0.0:80"),
        EXAMPLE.replace("${PD_KEY}", "other"),
        EXAMPLE.replace("partitions: 32, ", ""),
        EXAMPLE.replace("127.0.0.1:9900", "elsewhere"),
    ],
)
def test_version_is_the_same_where_the_meaning_is(same: str) -> None:
    assert version(read(EXAMPLE, PD_KEY="k")) == version(read(same, PD_KEY="k"))


@pytest.mark.parametrize(
    "other",
    [
        EXAMPLE.replace("4h", "5h"),
        EXAMPLE.replace("test.*", "tests.*"),
        EXAMPLE.replace("[team-hook]", "[oncall]"),
        EXAMPLE.replace("partitions: 32", "partitions: 31"),
        EXAMPLE.replace("action: deny", "action: allow"),
    ],
)
def test_version_differs_where_the_meaning_does(other: str) -> None:
    assert version(read(EXAMPLE, PD_KEY="k")) != version(read(other, PD_KEY="k"))


def test_version_is_twelve_hex_digits_and_does_not_look_at_the_order_of_severities() -> None:
    one, two = (read(f"filter: [{{name: a, severity: [{s}]}}]") for s in ("noise, info", "info, noise"))
    assert version(one) == version(two)
    assert len(bytes.fromhex(version(one))) == 6


def test_target_of_the_kinds_own_fields_counts_for_the_version() -> None:
    text = "targets: [{name: a, kind: pagerduty, url: http://h, routing_key: k, mode: %s}]"
    assert version(read(text % "alerts")) != version(read(text % "changes"))
