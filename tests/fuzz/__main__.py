"""`make fuzz SECONDS=60 SEED=1`; exits with 1 if anything was found."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.run import Found, run


def main() -> None:
    """Run, and say what was found."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=Path, help="a further folder of bodies, laid out as tests/samples")
    given = parser.parse_args()
    found = run(given.seconds, given.seed, given.samples)
    print("\n".join(told(found)))
    sys.exit(1 if found.faults else 0)


def told(found: Found) -> list[str]:
    """The figures, and what is wrong."""
    answers = found.answers
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(answers.statuses.items()))
    accepted = sum(answers.promised.values())
    start, end, slope = found.memory
    return [
        f"formats: {found.read.bodies} bodies, {found.read.alerts} alerts read, {len(found.read.crashes)} crashes",
        f"gateway: {answers.connections} connections, answers: {counts}",
        f"alerts: {accepted} accepted by {len(answers.promised)} answers, {sum(found.stored.values())} in Kafka",
        f"memory: {start:.1f} MiB after the warm-up, {end:.1f} MiB at the end, {slope:+.2f} MiB a minute",
        *(f"FOUND: {fault}" for fault in found.faults),
        f"{len(found.faults)} faults",
    ]


if __name__ == "__main__":
    main()
