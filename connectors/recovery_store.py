"""A look into Bytewax's recovery directory before it is used: the engine itself panics on what does not fit."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOCK = "winnow.lock"
_LOCKS = Path("/proc/locks")


def option(names: tuple[str, str], variable: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """An option this process was started with, short or long, as `bytewax.run` reads it; None if it was not given."""
    short, long = names
    for position, argument in enumerate(arguments):
        name, is_joined, value = argument.partition("=")
        # argparse takes the beginning of a long name for it.
        is_long = len(name) > len("--") and name.startswith("--") and long.startswith(name)
        if argument == short or (is_long and not is_joined):
            return arguments[position + 1] if position + 1 < len(arguments) else None
        if is_long:
            return value
        if argument.startswith(short) and not argument.startswith("--"):
            return argument.removeprefix(short)
    return environ.get(variable)


def claim(folder: Path, *, is_shared: bool) -> int | None:
    """Hold the store until this process ends, however it ends: two flows on one store would spoil each other's state.

    Args:
        folder: The recovery directory.
        is_shared: Whether other processes of the same cluster hold it too.

    Returns:
        The open file that holds it; None where the file system knows no locks.

    Raises:
        ConfigError: Another flow holds it, or nothing can be written there.
    """
    try:
        held = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigError(f"the recovery directory {folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(held, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise ConfigError(f"another flow runs on the recovery directory {folder}: end it first") from error
    except OSError:  # a file system without locks
        os.close(held)
        return None
    return held


def check(folder: Path, source: str, partitions: int) -> None:
    """Refuse a store whose state belongs to another number of partitions, and make it true for the rest.

    What an execution that was killed has saved of an epoch it did not finish is deleted. Bytewax leaves it there, and
    overwrites it only for keys that are awake in that epoch of the next execution: the others' state would then be
    newer than the offsets beside it, and what is read again a duplicate that nobody was told.

    Args:
        folder: The recovery directory.
        source: Step id of the source, whose state has one key for each partition.
        partitions: How many there are now.

    Raises:
        ConfigError: It does not fit, it is no recovery directory, or it cannot be read and written.
    """
    fits(folder, source, partitions)
    try:
        _forget_unfinished(_files(folder))
    except sqlite3.Error as error:
        raise ConfigError(f"the recovery directory {folder} cannot be used: {error}") from error


def fits(folder: Path, source: str, partitions: int) -> None:
    """Refuse as `check` does, and change nothing: also a store that is in use may be looked at.

    Raises:
        ConfigError: As `check`.
    """
    files = _files(folder)
    try:
        keys = _keys(files, source)
        is_whole = len(files) == _file_count(files[0])
    except sqlite3.Error as error:
        raise ConfigError(f"the recovery directory {folder} cannot be used: {error}") from error
    built_with = max(keys, default=-1) + 1
    # In a cluster each process may hold some of the files only, and so some of the partitions.
    if built_with > partitions or (keys and is_whole and built_with != partitions):
        raise ConfigError(
            f"the recovery directory {folder} belongs to {built_with} partitions, winnow.yaml says kafka.partitions: "
            f"{partitions}: set it back, or start with an empty recovery directory"
        )


def holders(folder: Path) -> list[int] | None:
    """The processes that hold the store, as `claim` lets them, as far as this machine tells (Linux).

    Returns:
        Their ids; none if nobody holds it, or if those who do are of another container. None: it does not tell.
    """
    lock = folder / _LOCK
    if not lock.exists():
        return []
    try:
        inode = lock.stat().st_ino
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    # `1: FLOCK  ADVISORY  WRITE 708 08:01:131163 0 EOF`, of proc_locks(5); devices differ under overlay file systems.
    held = [words for words in map(str.split, lines) if len(words) > 5 and words[1] == "FLOCK"]
    return sorted({int(words[4]) for words in held if words[5].rpartition(":")[2] == str(inode)})


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("part-*.sqlite3"))
    if not files:
        raise ConfigError(f"{folder} is no recovery directory; make one: python -m bytewax.recovery {folder} 1")
    return files


def _file_count(file: Path) -> int:
    """Of how many files the store is one."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        ((count,),) = store.execute("SELECT part_count FROM parts")
        return int(count)


def _keys(files: Sequence[Path], source: str) -> set[int]:
    """The partitions whose positions the store holds."""
    keys: set[int] = set()
    for file in files:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            rows = store.execute("SELECT DISTINCT state_key FROM snaps WHERE step_id = ?", (source,))
            keys |= {int(key) for (key,) in rows}
    return keys


def _forget_unfinished(files: Sequence[Path]) -> None:
    resume_epoch = _resume_epoch(files)
    if resume_epoch is None:
        return
    for file in files:
        with closing(sqlite3.connect(file)) as store, store:
            store.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (resume_epoch,))


def _resume_epoch(files: Sequence[Path]) -> int | None:
    """The first epoch that the last execution did not finish, as Bytewax computes it.

    None if none was begun, or if not all files are here and nobody can tell.

    Source: https://github.com/bytewax/bytewax/blob/v0.21.1/src/recovery.rs, `resume_from`
    """
    executions: dict[int, tuple[int, int]] = {}
    fronts: dict[tuple[int, int], int] = {}
    counts: set[int] = set()
    for file in files:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            counts |= {count for (count,) in store.execute("SELECT part_count FROM parts")}
            for number, workers, begin in store.execute("SELECT ex_num, worker_count, resume_epoch FROM exs"):
                executions[number] = (workers, begin)
            for number, worker, front in store.execute("SELECT ex_num, worker_index, worker_frontier FROM fronts"):
                fronts[number, worker] = max(front, fronts.get((number, worker), 0))
    if not executions or counts != {len(files)}:
        return None
    last = max(executions)
    workers, begin = executions[last]
    return min(max(begin, fronts.get((last, worker), begin)) for worker in range(workers))
