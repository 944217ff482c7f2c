"""The story that README.md tells: what it has the reader type, section by section, and what it shows of the answers."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = ("Try it", "Change it", "Test it")

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# ")
_CODE = re.compile(r"exits with (\d+)")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
_LENGTH = r"[\d.]+ ms"


class Scene(NamedTuple):
    """One command."""

    section: str
    command: str
    """As it is typed, without the comment behind it."""
    code: int
    """How it ends: 0, if the comment says nothing else."""
    shown: str = ""
    """What the README shows of its output; empty: nothing."""

    @property
    def sends(self) -> bool:
        """Whether Winnow has something to do after it."""
        return self.command.startswith(("winnow send", "curl"))


def scenes(readme: str) -> list[Scene]:
    """All commands of the story, in order."""
    parts = _HEADING.split(readme)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    return [scene for title, text in sections if title in SECTIONS for scene in _of(title, text)]


def _of(title: str, text: str) -> Iterator[Scene]:
    """The commands of a section; a block without a language shows what the last one before it prints."""
    told: list[Scene] = []
    for language, block in _BLOCK.findall(text):
        if language == "sh":
            told += (Scene(title, command, code) for command, code in commands(block))
        elif not language:
            told[-1] = told[-1]._replace(shown=block)
    yield from told


def commands(block: str) -> Iterator[tuple[str, int]]:
    """The commands of a block and how they end: a line each, or several while a quote is open."""
    held = ""
    for line in block.splitlines():
        held = f"{held}\n{line}" if held else line
        if _is_whole(held):
            command, comment = _apart(held)
            code = _CODE.search(comment)
            yield command, 0 if code is None else int(code[1])
            held = ""


def _apart(line: str) -> tuple[str, str]:
    """A command and the comment behind it."""
    for found in _COMMENT.finditer(line):
        if _is_whole(line[: found.start()]):
            return line[: found.start()], line[found.end() :]
    return line, ""


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def is_shown(shown: str, output: str) -> bool:
    """Whether an output is what the README shows: times are others, `…` stands for anything, blanks count once."""
    parts = re.split(rf"({_TIME}|{_LENGTH}|…)", _flat(shown))
    pattern = "".join(map(_any_like, parts))
    return re.fullmatch(pattern, _flat(output), re.DOTALL) is not None


def _any_like(part: str) -> str:
    if part == "…":
        return ".*"
    return next((kind for kind in (_TIME, _LENGTH) if re.fullmatch(kind, part)), re.escape(part))


def _flat(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
