"""A look into Bytewax's recovery directory before it is used: the engine itself panics on what does not fit."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def option(names: tuple[str, str], variable: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """An option this process was started with, short or long, as `bytewax.run` reads it; None if it was not given."""
    short, long = names
    for position, argument in enumerate(arguments):
        if argument in names:
            return arguments[position + 1] if position + 1 < len(arguments) else None
        if argument.startswith(f"{long}="):
            return argument.partition("=")[2]
        if argument.startswith(short) and not argument.startswith("--"):
            return argument.removeprefix(short)
    return environ.get(variable)


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
    parts = 0
    for file in files:
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
                rows = store.execute("SELECT DISTINCT state_key FROM snaps WHERE step_id = ?", (source,))
                keys |= {key for (key,) in rows}
                ((parts,),) = store.execute("SELECT part_count FROM parts")
        except (sqlite3.DatabaseError, ValueError) as error:
            raise ConfigError(f"{file} cannot be read as a part of a recovery directory: {error}") from error
    numbers = {int(key) for key in keys}
    # In a cluster each process may hold some of the files only, and so some of the partitions.
    built_with = max(numbers, default=-1) + 1 if len(files) == parts else None
    if max(numbers, default=-1) >= partitions or (numbers and built_with not in {None, partitions}):
        raise ConfigError(
            f"the recovery directory {folder} belongs to {max(numbers) + 1} partitions, winnow.yaml says "
            f"kafka.partitions: {partitions}: set it back, or start with an empty recovery directory"
        )
