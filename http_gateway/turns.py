"""How the threads of a worker take turns: one that has something to do lets another finish that is at it."""

from __future__ import annotations

import os
from contextlib import suppress


def take_turns() -> None:
    """Let no thread that is started from here on, or this one, interrupt another the moment it wakes up.

    A request is handed from the server's thread to Python's to Kafka's and back, and a record for each partition wakes
    Kafka's again. On a busy core each of these would take the core at once and give it back a moment later. Where a
    core is idle nothing waits any longer, and every thread gets its share as before. Linux only; where it was started
    under another policy than the usual one (`chrt`), that stays.

    Source: sched(7), SCHED_BATCH.
    """
    with suppress(AttributeError, OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
