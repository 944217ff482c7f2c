from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from alerts.errors import ConfigError
from flows.plumbing.runtime import check_arguments

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def _is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a recovery directory, alone."""
    subprocess.run([sys.executable, "-m", "bytewax.recovery", str(tmp_path), "1"], check=True)
    for name in ("BYTEWAX_PROCESS_ID", "BYTEWAX_POD_NAME", "BYTEWAX_STATEFULSET_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["flows.proxy", "-r", str(tmp_path)])


@pytest.mark.usefixtures("_is_started")
def test_a_lone_process_shares_its_recovery_directory_with_no_other() -> None:
    check_arguments(8)
    with pytest.raises(ConfigError, match="another flow runs on the recovery directory"):
        check_arguments(8)


@pytest.mark.usefixtures("_is_started")
@pytest.mark.parametrize(
    "variables",
    [{"BYTEWAX_PROCESS_ID": "0"}, {"BYTEWAX_POD_NAME": "flow-0", "BYTEWAX_STATEFULSET_NAME": "flow"}],
)
def test_processes_of_a_cluster_share_it_however_they_are_told_which_they_are(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    check_arguments(8)
    check_arguments(8)
