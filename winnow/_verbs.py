"""The verbs of the command line, found by the names of their modules and read without importing them."""

from __future__ import annotations

import ast
import pkgutil
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

PANELS = ("Try it", "Configure it", "Watch it", "Time machine", "Operate it")
"""The groups of the help, in its order; each verb's module names its own as `PANEL`."""


class Verb(NamedTuple):
    """What the help says of a verb."""

    name: str
    summary: str
    """The first line of its docstring."""
    panel: str
    """Empty: its module names none."""


def verbs() -> list[Verb]:
    """All verbs, as the help lists them: by panel, then by name."""
    package = Path(__file__).parent
    names = (module.name for module in pkgutil.iter_modules([str(package)]) if module.name[0] != "_")
    return sorted(map(_verb, names), key=lambda verb: (_place(verb.panel), verb.name))


def module_of(verb: str) -> str:
    """The verb's name in Python."""
    return verb.replace("-", "_")


def _place(panel: str) -> int:
    return PANELS.index(panel) if panel in PANELS else len(PANELS)


def _verb(name: str) -> Verb:
    spec = find_spec(f"winnow.{name}")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    return Verb(name.replace("_", "-"), _summary(tree, name), _panel(tree))


def _summary(tree: ast.Module, name: str) -> str:
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    text = next((ast.get_docstring(function) for function in functions), None)
    return (text or "").partition("\n")[0]


def _panel(tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["PANEL"]:
            return str(ast.literal_eval(node.value))
    return ""
