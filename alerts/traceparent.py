"""The W3C trace context that a sender may give, carried to the targets as it came.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re

# Later versions begin as the first one does, and may go on behind a dash.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32}-)(?!0{16})([0-9a-f]{16}-[0-9a-f]{2})(-[!-~]{0,200})?", re.ASCII
)


def traceparent(text: str) -> str:
    """The trace context as version 00 writes it; empty if it is none, for nobody is to lose an alert by that."""
    found = _TRACEPARENT.fullmatch(text)
    if not found or (found[1] == "00" and found[4] is not None):
        return ""
    return f"00-{found[2]}{found[3]}"
