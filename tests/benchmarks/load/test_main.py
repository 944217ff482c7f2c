"""`make load` says by its exit code what came of a run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import read
from tests.support.product import free_port

if TYPE_CHECKING:
    from subprocess import CompletedProcess

ROOT = Path(__file__).parents[3]
KAFKA = ("WINNOW_CONFIG", "KAFKA_BOOTSTRAP")


def load(*arguments: str, **variables: str) -> CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name not in KAFKA}
    command = [sys.executable, "-m", "benchmarks.load", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )


def test_gateway_that_does_not_answer_is_a_failed_run_with_a_table_and_a_file(tmp_path: Path) -> None:
    url, file = f"http://127.0.0.1:{free_port()}", tmp_path / "result.json"
    done = load("storm", "--url", url, "--scale", "0.01", "--out", str(file))
    assert done.returncode == 1, done.stderr
    assert "winnow load: storm" in done.stdout
    assert "FAILED storm: http_req_failed rate==0 does not hold" in done.stdout
    assert "not checked: set WINNOW_CONFIG or KAFKA_BOOTSTRAP" in done.stdout
    assert [*read(file).parts] == ["load-storm"]
    assert read(file).machine["SCALE"] == "0.01"


def test_configuration_that_cannot_be_read_is_no_run(tmp_path: Path) -> None:
    config = str(tmp_path / "gone.yaml")
    done = load("storm", "--url", "http://127.0.0.1:9", "--scale", "0.01", WINNOW_CONFIG=config)
    assert done.returncode == 2, done.stderr
    assert "no result" in done.stdout
    assert "gone.yaml" in done.stdout
