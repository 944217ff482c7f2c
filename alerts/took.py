"""How long something took, as people read it."""

from __future__ import annotations

from datetime import timedelta

from alerts.fields import spelled

# Below it milliseconds matter, from it on nobody reads them.
LONG_MS = 10_000


def took(ms: int) -> str:
    """A length of time in words: `5 ms`, from ten seconds on whole seconds, `1m48s`; before something `-32m44s`."""
    if abs(ms) < LONG_MS:
        return f"{ms:,} ms"
    return ("-" if ms < 0 else "") + spelled(timedelta(seconds=abs(ms) // 1000))


def stretch(from_ms: int, to_ms: int) -> str:
    """From when to when: `5 to 1,200 ms`, `1,200 ms to 1m48s`."""
    if max(abs(from_ms), abs(to_ms)) < LONG_MS:
        return f"{from_ms:,} to {to_ms:,} ms"
    return f"{took(from_ms)} to {took(to_ms)}"
