"""A look into Bytewax's recovery directory before it is used: the engine itself panics on what does not fit."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def directory(arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The recovery directory this process was told of, as `bytewax.run` reads it; None if it runs without."""
    for name, value in itertools.pairwise(arguments):
        if name in {"-r", "--recovery-directory"}:
            return value
    for argument in arguments:
        if argument.startswith("--recovery-directory="):
            return argument.partition("=")[2]
    return environ.get("BYTEWAX_RECOVERY_DIRECTORY")


def check(folder: Path, source: str, partitions: int) -> None:
    """Refuse a store whose state belongs to another number of partitions.

    Args:
        folder: The recovery directory.
        source: Step id of the source, whose state has one key for each partition.
        partitions: How many there are now.

    Raises:
        ConfigError: It does not fit, or it is no recovery directory.
    """
    files = sorted(folder.glob("part-*.sqlite3"))
    if not files:
        raise ConfigError(f"{folder} is no recovery directory; make one: python -m bytewax.recovery {folder} 1")
    keys: set[str] = set()
    for file in files:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            rows = store.execute("SELECT DISTINCT state_key FROM snaps WHERE step_id = ?", (source,))
            keys |= {key for (key,) in rows}
    if keys and len(keys) != partitions:
        raise ConfigError(
            f"the recovery directory {folder} belongs to {len(keys)} partitions, winnow.yaml says kafka.partitions: "
            f"{partitions}: set it back, or start with an empty recovery directory"
        )
