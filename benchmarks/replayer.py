"""Replays a topic by the configuration of the environment and prints what it took: a process, pinned to a core."""

from __future__ import annotations

import sys
import time

import orjson

from connectors.configuration import load
from winnow._compared import Comparison
from winnow._recorded import Span
from winnow._rejudge import from_kafka


def main() -> None:
    """Compare all there is with what was recorded."""
    span = Span(0, 0, time.time_ns() // 1_000_000 + 3_600_000)
    comparison = Comparison(span)
    config = load()
    began, cpu = time.perf_counter(), time.process_time()
    from_kafka(config, span, comparison)
    told = {
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "events": comparison.after().plain()["events"],
        "differences": len(comparison.found) + comparison.not_recorded + comparison.not_kept,
    }
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
