from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from alerts.errors import ConfigError
from connectors.recovery_store import check, claim, fits, holders, option

NAMES = ("-w", "--workers-per-process")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["run", "flows.proxy"], None),
        (["run", "-w", "2"], "2"),
        (["run", "-w2"], "2"),
        (["run", "--workers-per-process", "3"], "3"),
        (["run", "--workers-per-process=3"], "3"),
        (["run", "--work", "3"], "3"),
        (["run", "--work=3"], "3"),
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


def test_a_folder_without_a_store_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"python -m bytewax\.recovery"):
        check(tmp_path, "proxy.kafka", 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of two files whose last execution began with epoch 3 and finished epoch 4."""
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(tmp_path), "2"], check=True)
    one, other = sorted(tmp_path.glob("part-*.sqlite3"))
    with closing(sqlite3.connect(one)) as store, store:
        store.execute("INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (0, 1, 1), (1, 1, 3)")
        _save(store, "proxy.kafka", "0", 4)
    with closing(sqlite3.connect(other)) as store, store:
        store.execute("INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (0, 0, 9), (1, 0, 5)")
        for epoch in (3, 4, 5, 6):
            _save(store, "proxy.dedup", "0", epoch)
    return tmp_path


def _save(store: sqlite3.Connection, step: str, key: str, epoch: int) -> None:
    row = (step, key, epoch, b"\x80")
    store.execute("INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)", row)


def _epochs(folder: Path, step: str) -> list[int]:
    found: list[int] = []
    for file in folder.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(file)) as store:
            found += [epoch for (epoch,) in store.execute("SELECT snap_epoch FROM snaps WHERE step_id = ?", (step,))]
    return sorted(found)


def test_what_was_saved_of_an_unfinished_epoch_is_forgotten(folder: Path) -> None:
    check(folder, "proxy.kafka", 1)
    assert _epochs(folder, "proxy.dedup") == [3, 4]
    assert _epochs(folder, "proxy.kafka") == [4]


def test_nothing_is_forgotten_while_a_file_of_the_store_is_elsewhere(folder: Path) -> None:
    min(folder.glob("part-*.sqlite3")).unlink()
    check(folder, "proxy.kafka", 1)
    assert _epochs(folder, "proxy.dedup") == [3, 4, 5, 6]


def test_a_new_store_is_left_as_it_is(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(tmp_path), "1"], check=True)
    check(tmp_path, "proxy.kafka", 1)


def test_a_file_that_is_no_store_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").write_text("no database" * 100)
    with pytest.raises(ConfigError, match="cannot be used: file is not a database"):
        check(tmp_path, "proxy.kafka", 1)


def test_a_store_that_a_flow_holds_is_refused_to_another_until_that_ends(tmp_path: Path) -> None:
    held = claim(tmp_path, is_shared=False)
    assert held is not None
    for is_shared in (True, False):
        with pytest.raises(ConfigError, match="another flow runs on the recovery directory"):
            claim(tmp_path, is_shared=is_shared)
    os.close(held)
    again = claim(tmp_path, is_shared=False)
    assert again is not None
    os.close(again)


def test_processes_of_a_cluster_hold_a_store_together(tmp_path: Path) -> None:
    held = [claim(tmp_path, is_shared=True) for _ in range(2)]
    for one in held:
        assert one is not None
        os.close(one)


def test_a_store_where_nothing_can_be_written_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "winnow.lock").mkdir()
    with pytest.raises(ConfigError, match="cannot be used: Is a directory"):
        claim(tmp_path, is_shared=False)


def test_looking_whether_a_store_fits_changes_nothing_in_it(tmp_path: Path) -> None:
    folder = store(tmp_path, 1, {0: ["0", "1"]})
    before = (folder / "part-0.sqlite3").read_bytes()
    fits(folder, "proxy.kafka", 2)
    with pytest.raises(ConfigError, match="belongs to 2 partitions"):
        fits(folder, "proxy.kafka", 3)
    assert (folder / "part-0.sqlite3").read_bytes() == before


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
def test_whoever_holds_a_store_is_named_until_it_lets_go(tmp_path: Path) -> None:
    assert holders(tmp_path) == []
    held = claim(tmp_path, is_shared=False)
    assert held is not None
    assert holders(tmp_path) == [os.getpid()]
    os.close(held)
    assert holders(tmp_path) == []
