"""The meter says what was taken between two moments."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.load.usage import Meter

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_cpu_of_a_child_that_has_ended_is_that_of_k6() -> None:
    meter = Meter({})
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    used = meter.read()
    assert used["k6"].cores > 0
    assert used["k6"].memory_bytes is None


def test_cpu_and_memory_of_a_process_are_told_by_its_name() -> None:
    meter = Meter({"ours": os.getpid()})
    kept = [bytes([number % 256]) * 1_000_000 for number in range(50)]
    used = meter.read()["ours"]
    assert used.memory_bytes is not None
    before, after = used.memory_bytes
    assert after - before > 40 * len(kept[0])
    assert used.cores > 0
