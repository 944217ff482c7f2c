"""Replays a topic by the configuration of the environment, prints alerts a second: a process, pinned to a core."""

from __future__ import annotations

import sys
import time

from connectors.configuration import load
from winnow._compared import Comparison
from winnow._recorded import Span
from winnow._rejudge import from_kafka


def main(count: int) -> None:
    """Compare all there is with what was recorded; it must be so many alerts and all the same."""
    span = Span(0, 0, time.time_ns() // 1_000_000 + 3_600_000)
    comparison = Comparison(span)
    begin = time.perf_counter()
    from_kafka(load(), span, comparison)
    rate = count / (time.perf_counter() - begin)
    events = comparison.after().plain()["events"]
    if (events, comparison.found, comparison.not_recorded) != (count, [], 0):
        raise SystemExit(f"{events} of {count} alerts, {len(comparison.found)} decided otherwise")
    print(rate)


if __name__ == "__main__":
    main(int(sys.argv[1]))
