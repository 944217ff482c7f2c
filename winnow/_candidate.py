"""Which configurations a replay is about: the one that runs, and the one that is tried."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alerts.errors import WinnowError
from connectors.configuration import load, locate

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Config


def from_kafka(file: Path | None, *, asks_model: bool = False) -> tuple[Config, Config]:
    """As the flow judges, and as is to be judged now; both look for the same Kafka.

    Where no winnow.yaml is at hand, the candidate says where Kafka is: what it is held against lies there. If the model
    of what is judged now is asked, its key is needed.

    Raises:
        ConfigError: One of them cannot be used, or the file that `WINNOW_CONFIG` names is not there.
    """
    if file is None or not _is_live_at_hand():
        live = load(file, needs_sources=False, needs_model=asks_model)
        return live, live
    live = load(needs_sources=False)
    return live, load(file, needs_sources=False, needs_model=asks_model).model_copy(update={"kafka": live.kafka})


def from_file(
    file: Path | None, *, is_compared: bool, must_differ: bool, asks_model: bool = False
) -> tuple[Config, Config]:
    """The same for alerts in a file, which are decided by both: without secrets, unless somebody is asked.

    Args:
        file: The candidate; None: the one that runs.
        is_compared: Whether the other is needed.
        must_differ: A configuration beside itself would prove nothing.
        asks_model: Whether its model is asked, which takes its key.

    Raises:
        ConfigError: As above.
        WinnowError: They are one.
    """
    if must_differ and (file is None or _is_same(file)):
        raise WinnowError(
            "--fail-on-diff: winnow.yaml would be held against itself; name the candidate with --config, "
            "or the one that runs with WINNOW_CONFIG"
        )
    candidate = load(file, needs_sources=False, needs_model=asks_model, needs_secrets=asks_model)
    if file is None or not (is_compared or _is_live_at_hand()):
        return candidate, candidate
    return load(needs_sources=False, needs_model=asks_model, needs_secrets=asks_model), candidate


def _is_live_at_hand() -> bool:
    """Whether there is a file that runs, or somebody says so."""
    return bool(os.environ.get("WINNOW_CONFIG")) or locate(None, os.environ).exists()


def _is_same(file: Path) -> bool:
    live = locate(None, os.environ)
    return file.exists() and live.exists() and file.samefile(live)
