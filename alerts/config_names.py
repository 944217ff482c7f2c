"""The names in winnow.yaml against each other: none given twice, every route to a target there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.config_tree import Fault, Leaf, Path, Tree, at, hint, shown
from alerts.formats import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

# What pydantic takes for a truth value: pydantic.dev/docs/validation/latest/concepts/conversion_table
_YES = frozenset({"true", "yes", "on", "y", "t", "1"})
_NO = frozenset({"false", "no", "off", "n", "f", "0"})


def check(tree: Tree) -> list[Fault]:
    """What is wrong with the names; what has the wrong shape is passed over, the models tell of that."""
    return [*_twice(tree), *_routes(tree), *_fallbacks(tree), *_mappings(tree)]


def _entries(tree: Tree, path: Path) -> Iterator[tuple[Path, Tree]]:
    there = at(tree, path)
    for place, entry in enumerate(there if isinstance(there, list) else ()):
        yield (*path, place), entry


def _twice(tree: Tree) -> Iterator[Fault]:
    lists: list[Path] = [
        ("gateway", "sources"),
        ("targets",),
        ("routes",),
        ("filter",),
        ("mappings",),
        ("classify", "rules"),
    ]
    lists += [(*path, "filter") for path, _ in _entries(tree, ("targets",))]
    for path in lists:
        first: dict[str, Path] = {}
        for entry, value in _entries(tree, path):
            name = at(value, ("name",))
            if isinstance(name, Leaf) and first.setdefault(name, entry) != entry:
                text = f"the name is taken by {path[-1]}[{first[name][-1]}]"
                yield Fault(entry, text, at=(*entry, "name"))


def _mappings(tree: Tree) -> Iterator[Fault]:
    taken = {path for form in formats().values() for path in form.PATHS}
    for entry, value in _entries(tree, ("mappings",)):
        name = at(value, ("name",))
        if isinstance(name, Leaf) and (name in formats() or f"/v1/webhooks/{name}" in taken):
            yield Fault((*entry, "name"), f"the name {shown(name)} is taken by a format that is built in")


def _routes(tree: Tree) -> Iterator[Fault]:
    named = [
        (name, value) for _, value in _entries(tree, ("targets",)) if isinstance(name := at(value, ("name",)), Leaf)
    ]
    known = {str(name): name.raw for name, _ in named}
    off = {str(name) for name, value in named if _is(at(value, ("enabled",)), _NO)}
    for route, value in _entries(tree, ("routes",)):
        to = at(value, ("to",))
        wanted = [name for name in to if isinstance(name, Leaf)] if isinstance(to, list) else []
        for place, name in enumerate(wanted):
            if name not in known:
                text = f"no target is named {shown(name)}{hint(name.raw, known.values())}"
                yield Fault((*route, "to", place), text)
            elif name in wanted[:place]:
                yield Fault((*route, "to", place), f"{shown(name)} stands here twice")
        # What such a route takes, nobody is told. With `continue` the alert goes on to the routes below.
        if wanted and off.issuperset(wanted) and not _is(at(value, ("continue",)), _YES):
            text = "every target of this route is disabled, so nobody is told (or say continue: true)"
            yield Fault((*route, "to"), text)


def _fallbacks(tree: Tree) -> Iterator[Fault]:
    targets = list(_entries(tree, ("targets",)))
    named = {str(name): name.raw for _, value in targets if isinstance(name := at(value, ("name",)), Leaf)}
    off = {str(at(value, ("name",))) for _, value in targets if _is(at(value, ("enabled",)), _NO)}
    for target, value in targets:
        name = at(value, ("fallback",))
        if not isinstance(name, Leaf):
            continue
        if name not in named:
            yield Fault((*target, "fallback"), f"no target is named {shown(name)}{hint(name.raw, named.values())}")
        elif name in off:
            yield Fault((*target, "fallback"), f"{shown(name)} is disabled, so it can stand in for none")


def _is(value: Tree, words: frozenset[str]) -> bool:
    return isinstance(value, Leaf) and value.lower() in words
