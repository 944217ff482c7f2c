"""What a result was measured on: facts that change figures, and nothing that says whose machine it is."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

Facts = dict[str, str | int]


def facts() -> Facts:
    """Python, processor, cores, kernel, the moment and the commit, by name."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
    }


def line(machine: Facts) -> str:
    """The facts for people."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def _cpu() -> str:
    for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = row.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def _commit() -> str:
    """Of the working tree, `+` behind it if there are changes; `unknown` outside of one."""
    folder = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
