"""The meter says what was taken between two moments."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.load.usage import Meter

BUSY = "import time\nwhile time.process_time() < 0.3: pass"
GROWS = f"""
import sys
print(flush=True)
sys.stdin.readline()
kept = b"1" * 50_000_000
{BUSY}
print(flush=True)
sys.stdin.readline()
"""


def test_cpu_of_a_child_that_has_ended_is_that_of_k6() -> None:
    meter = Meter({})
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    used = meter.read()
    assert used["k6"].cores > 0
    assert used["k6"].memory_bytes is None


def test_cpu_and_memory_of_a_process_are_told_by_its_name() -> None:
    # A process of its own: this one may hold freed memory enough for it.
    with subprocess.Popen([sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        meter = Meter({"theirs": process.pid})
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        used = meter.read()["theirs"]
        process.stdin.close()
    assert used.memory_bytes is not None
    before, after = used.memory_bytes
    assert after - before > 40_000_000
    assert used.cores > 0
