"""Records that lie in a topic of Winnow's and are none of Winnow's: left out, and told."""

from __future__ import annotations

import sys

NOT_OURS = (ValueError, KeyError, TypeError, AttributeError)
"""What taking such a record apart ends with."""


def tell(topic: str, count: int) -> None:
    """Say how many there were, if any."""
    if count:
        print(f"winnow: records of {topic} that are not Winnow's: {count}", file=sys.stderr)  # noqa: T201 as main does
