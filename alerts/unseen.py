"""Characters that nobody sees, by what they do: the one list of them, as parts of a class of regular expressions."""

from __future__ import annotations

CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
"""C0 and C1 but tab and newline."""
REORDERING = "\u202a-\u202e\u2066-\u2069"
"""What reorders the line it stands in (trojansource.codes)."""
SURROGATES = "\ud800-\udfff"
WIDTHLESS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e007f"
)
"""Blanks and fillers without width, marks of direction, and the tags in which text can be hidden."""
JOINERS = "\u200c\u200d"
"""Persian and emoji need them; among ASCII they are for nothing but to part what belongs together."""
SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Of variants. No font shows them by themselves, and any text can be written in them."""
