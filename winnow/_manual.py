"""What `--help` says of a verb, made of its docstring.

Its paragraphs are told as they are. `Example: winnow ...` is the last of them, so that it can be copied from a line of
its own. A section of its own says what exit codes mean where they mean something of the verb's own:

    Exit codes:
        1: A case fails.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXIT_CODES: Mapping[int, str] = {
    0: "Done.",
    2: "It could not be done; standard error says why.",
    130: "Interrupted.",
    141: "Nobody reads on: what stands behind | has ended.",
}
"""What they mean where a verb does not say it."""

_CODE = re.compile(r"(\d+): (.+)")
# The help is 80 columns wide in a pipe, less its margins and the number of a code.
_WIDTH_CHARS = 72


class Manual(NamedTuple):
    """The parts of a docstring, each without its line breaks."""

    paragraphs: list[str]
    example: str
    """A command; empty: none."""
    codes: dict[int, str]
    """What exit codes mean, the common ones among them."""


def manual(function: Callable[..., None]) -> Manual:
    """What the docstring of a verb says."""
    paragraphs: list[str] = []
    example, codes = "", dict(EXIT_CODES)
    for block in (inspect.getdoc(function) or "").split("\n\n"):
        head, _, rest = block.partition(":")
        if head == "Example":
            example = _flat(rest)
        elif head == "Exit codes":
            codes |= _codes(rest)
        else:
            paragraphs.append(_flat(block))
    return Manual(paragraphs, example, codes)


def above(told: Manual) -> str:
    """What stands above the options, as rich's markup."""
    # Typer takes blanks from the beginnings of lines, but not what a style begins with.
    example = [f"Example:\n[bold]  {_plain(told.example)}[/bold]"] if told.example else []
    return "\n\n".join([*map(_plain, told.paragraphs), *example])


def below(told: Manual) -> str:
    """What stands below them, as rich's markup."""
    lines = (
        f"[bold]  {code:<4}[/bold]" + _plain(textwrap.fill(meaning, _WIDTH_CHARS, subsequent_indent=" " * 6))
        for code, meaning in sorted(told.codes.items())
    )
    return "\n".join(["Exit codes:", *lines])


def _codes(section: str) -> dict[int, str]:
    """Each entry begins with its number; what is indented deeper goes on with it."""
    flat = re.sub(r"\n\s{5,}", " ", section)
    found = (_CODE.fullmatch(line.strip()) for line in flat.splitlines() if line.strip())
    return {int(one[1]): one[2] for one in found if one is not None}


def _flat(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """The text with nothing that rich takes for a style."""
    return text.replace("[", r"\[")
