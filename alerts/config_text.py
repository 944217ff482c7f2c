"""YAML as plain values that know where they stand, with `${NAME}` replaced.

Every value is text: its field's type says what it means. So `22:00` is no number, a key of digits keeps its
zeros, and `no` is what a field of text or one of true and false takes it for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from alerts.config_tree import Fault, Leaf, Path, Tree, stand_in
from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_MAX_CHARS = 1024**2
# Aliases let a few lines stand for billions of values; a file of 1000 targets has some 10 000.
VALUES_MAX = 100_000
DEPTH_MAX = 30

# YAML ends a plain word at `{`, so references are taken out before it reads the text: characters of the
# private use area stand for them, with a number between.
_REFERENCE = re.compile(r"\$\$\{[^{}\n]*\}|\$\$|\$\{[^{}\n]*\}|[\ue000\ue001]")
_TOKEN = re.compile("\ue000([0-9]+)\ue001")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-(.*))?\}")
# What YAML 1.2 takes for nothing, a truth value or a number when it stands without quotes.
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_NO_KEY = re.compile(r"|~|null|Null|NULL|(?i:true|false)|[-+]?[0-9][0-9_.]*(?:[eE][-+]?[0-9]+)?")


class Document:
    """The values of one YAML text, the lines they stand on, and what is wrong with them so far."""

    def __init__(self, text: str, origin: str, environ: Mapping[str, str]) -> None:
        self.origin = origin
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self.taken: set[str] = set()
        """The values that came out of the environment."""
        self.absent: set[Fault] = set()
        """Those of the faults that are about a variable that there is not."""
        self._environ = environ
        self._references: list[str] = []
        self._left = VALUES_MAX
        if len(text) > TEXT_MAX_CHARS:
            raise ConfigError(f"{origin}: expected at most {TEXT_MAX_CHARS} characters, got {len(text)}")
        self.tree: Tree = self._read(_REFERENCE.sub(self._take_out, text))

    def line(self, path: Path) -> int:
        """Where `path`, or what it is in, stands; 0: nowhere."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def place(self, path: Path) -> str:
        """The same for a person, with the file's name."""
        line = self.line(path)
        return f"{self.origin}:{line}" if line else self.origin

    def _take_out(self, found: re.Match[str]) -> str:
        self._references.append(found[0])
        return f"\ue000{len(self._references) - 1}\ue001"

    def _read(self, text: str) -> Tree:
        # Raised outside the `except`: the text of YAML's own error quotes the line, which may hold a secret.
        try:
            node, fault = yaml.compose(text, Loader=yaml.BaseLoader), ""
        except (yaml.YAMLError, RecursionError) as error:
            fault = _told(error)
        if fault:
            raise ConfigError(f"{self.origin}{fault}")
        return self._value(node, ()) if node else {}

    def _value(self, node: yaml.Node, path: Path) -> Tree:
        self.lines[path] = self.lines.get(path, node.start_mark.line + 1)
        self._left -= 1
        if self._left < 0 or len(path) > DEPTH_MAX:
            raise ConfigError(
                f"{self.origin}: expected at most {VALUES_MAX} values, nested at most {DEPTH_MAX} deep "
                "(an alias counts each time it is used)"
            )
        if node.tag not in {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str")}:
            self.faults.append(Fault(path, "tags (!...) are not understood; put text that begins with ! in quotes"))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, place)) for place, item in enumerate(node.value)]
        is_plain = isinstance(node, yaml.ScalarNode) and not node.style
        return None if is_plain and node.value in _NOTHING else self._leaf(node.value, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Tree]:
        values: dict[str, Tree] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or (not key.style and _NO_KEY.fullmatch(key.value)):
                self.faults.append(Fault(path, f"line {line}: expected a key that is text; put numbers in quotes"))
                continue
            name = _TOKEN.sub(lambda found: self._references[int(found[1])], key.value)
            if name in values:
                self.faults.append(Fault((*path, name), f"given twice, again in line {line}"))
                continue
            self.lines[*path, name] = line
            values[name] = self._value(value, (*path, name))
        return values

    def _leaf(self, text: str, path: Path) -> Leaf:
        raw = _TOKEN.sub(lambda found: self._references[int(found[1])], text)
        return Leaf(_TOKEN.sub(lambda found: self._replaced(self._references[int(found[1])], path), text), raw)

    def _replaced(self, reference: str, path: Path) -> str:
        if not reference.startswith("${"):
            return reference.removeprefix("$")
        found = _VARIABLE.fullmatch(reference)
        if not found:
            text = "expected ${NAME} or ${NAME:-default}; a dollar sign that means itself is written $$"
            self.faults.append(Fault(path, text))
            return ""
        name, default = found[1], found[3]
        # As in a shell: `:-` is also for a variable that is set to nothing.
        if name not in self._environ and default is None:
            fault = Fault(path, f"the environment has no variable {name}")
            self.faults.append(fault)
            self.absent.add(fault)
            return stand_in(str(path[-1]) if path else "")
        value = self._environ.get(name, "")
        self.taken.add(value)
        return value or default or ""


def _told(error: Exception) -> str:
    """Where and why YAML gave up, without more of the text itself than single characters."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}" if mark else ""
        said = f"{error.context}: {error.problem}".removeprefix("None: ")
        # The only texts of PyYAML 6 that quote words: alias and anchor (composer.py), tag handle (parser.py).
        if re.search("undefined alias|duplicate anchor|handle", said):
            said = "text that begins with *, & or ! belongs in quotes"
        return f"{place}: not YAML: {said}"
    if isinstance(error, yaml.reader.ReaderError):
        return f": not YAML: the character at position {error.position} may not stand in YAML"
    return f": nested deeper than {DEPTH_MAX}"
