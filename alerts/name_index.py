"""The index of names, as the flow writes it and the command line reads it.

A record is `{"v": 1, "partition", "since_ms", "at_ms", "names"}`: the names that are new in the hour of `at_ms`. It
says that from `since_ms` to `at_ms` all names were told so, and nothing of what comes after it: a record that was
never written hides nothing. `docs/decisions.md` lists the fields.
"""

from __future__ import annotations

VERSION = 1
HOUR_MS = 3_600_000
"""So long a name is told once."""
