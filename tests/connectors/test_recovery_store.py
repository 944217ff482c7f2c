from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from alerts.errors import ConfigError
from connectors.recovery_store import check, option

if TYPE_CHECKING:
    from pathlib import Path

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


def store(folder: Path, files: int, keys: dict[int, list[str]]) -> Path:
    """A recovery directory as Bytewax makes it, with state of the source under these keys, by file."""
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(folder), str(files)], check=True)
    for number, found in keys.items():
        with closing(sqlite3.connect(folder / f"part-{number}.sqlite3")) as part, part:
            rows = [("proxy.kafka", key, 1, b"") for key in found]
            part.executemany("INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)", rows)
    return folder


def test_a_store_of_as_many_partitions_is_taken(tmp_path: Path) -> None:
    check(store(tmp_path, 2, {0: ["0", "1"], 1: ["2", "3"]}), "proxy.kafka", 4)


@pytest.mark.parametrize("partitions", [3, 5])
def test_a_store_of_more_or_fewer_partitions_is_refused_with_both_numbers(tmp_path: Path, partitions: int) -> None:
    folder = store(tmp_path, 2, {0: ["0", "1"], 1: ["2", "3"]})
    with pytest.raises(ConfigError, match=f"belongs to 4 partitions.*kafka.partitions: {partitions}"):
        check(folder, "proxy.kafka", partitions)


def test_a_process_of_a_cluster_may_hold_some_of_the_files(tmp_path: Path) -> None:
    folder = store(tmp_path, 2, {0: ["0", "1"], 1: ["2", "3"]})
    (folder / "part-1.sqlite3").unlink()
    check(folder, "proxy.kafka", 4)


def test_a_fresh_store_is_taken(tmp_path: Path) -> None:
    check(store(tmp_path, 1, {}), "proxy.kafka", 4)


def test_a_folder_without_a_store_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"python -m bytewax\.recovery"):
        check(tmp_path, "proxy.kafka", 4)


def test_a_broken_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    with pytest.raises(ConfigError, match=r"part-0\.sqlite3 cannot be read"):
        check(tmp_path, "proxy.kafka", 4)
