"""The text of a file of cases to `Case`s, every fault told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts import config_types
from alerts.case import Case
from alerts.case_events import Event, events
from alerts.config_keys import Keys
from alerts.config_text import Document
from alerts.config_tree import Fault, Leaf, Path, Tree, at, spelled
from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from alerts.within import Bounds


class Planned(NamedTuple):
    """A case that can be run."""

    case: Case
    events: list[Event]
    line: int
    """Where it begins in its file."""
    step_lines: list[int]
    """The same of each of its steps."""


def parse(text: str, origin: str, environ: Mapping[str, str], bounds: Bounds | None = None) -> list[Planned]:
    """The cases that `text` holds; variables and blanks are those of winnow.yaml (`alerts.config_file`).

    Args:
        text: YAML of at most 1 MiB.
        origin: Name of the file, for messages.
        environ: What `${NAME}` stands for.
        bounds: What a gateway would take; None: whatever it is.

    Raises:
        ConfigError: It cannot be used: one line for each fault, in the order of the file.
    """
    document = Document(text, origin, environ)
    faults = list(document.faults)
    planned: list[Planned] = []
    entries = document.tree if isinstance(document.tree, list) else []
    if not entries:
        faults.append(Fault((), "expected a list of cases, each with a `name` and `steps`"))
    faults += _repeated(entries, document)
    for number, entry in enumerate(entries):
        case, wrong = _case(entry, document.taken)
        faults += [Fault((number, *fault.path), fault.text) for fault in wrong]
        if case is not None:
            sent, wrong = events(case, bounds)
            faults += [Fault((number, *fault.path), fault.text) for fault in wrong]
            steps = [document.line((number, "steps", place)) for place in range(len(case.steps))]
            planned.append(Planned(case, sent, document.line((number,)), steps))
    if faults:
        raise ConfigError(_report(faults, document))
    return planned


def _repeated(entries: list[Tree], document: Document) -> Iterator[Fault]:
    """The names that another case has already, whatever else is wrong with either."""
    firsts: dict[str, int] = {}
    for number, entry in enumerate(entries):
        name = at(entry, ("name",))
        if isinstance(name, Leaf) and firsts.setdefault(name, number) != number:
            line = document.line((firsts[name],))
            yield Fault((number, "name"), f"expected a name of its own, got that of line {line}")


def _case(entry: Tree, taken: Collection[str]) -> tuple[Case | None, list[Fault]]:
    keys = Keys({}, _no_files)
    fitted = keys.fit(entry, Case)
    case, errors = config_types.validated(Case, fitted, {})
    faults = [*keys.faults, *config_types.told(errors, fitted, keys, taken, ())]
    return (None if faults else case), faults


def _report(faults: list[Fault], document: Document) -> str:
    tree: Tree = {"cases": document.tree}
    found = sorted(faults, key=lambda fault: document.line(fault.path))
    return "\n".join(f"{document.place(fault.path)}: {spelled(_below(fault), tree)}: {fault.text}" for fault in found)


def _below(fault: Fault) -> Path:
    return ("cases", *fault.path) if fault.path else ()


def _no_files(_: str) -> str:
    raise ConfigError("a case holds no secrets")
