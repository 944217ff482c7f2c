"""The text of winnow.yaml to a `Config`, every fault told at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr

from alerts import config_names, config_types
from alerts.config import Config, Target
from alerts.config_doubts import Doubt, doubts
from alerts.config_keys import Keys
from alerts.config_plain import plain_secrets
from alerts.config_text import Document
from alerts.config_tree import Fault, Leaf, Path, Tree, at, placed, spelled, without
from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

# Where things are, who may send, and what is tried out, says nothing of what is decided; and in these lists the order
# has no meaning.
_PLACES = frozenset(
    {"bootstrap", "listen", "metrics_listen", "sources", "open", "open_metrics", "trusted_proxies", "shadow"}
)
# Of these nothing is used, secret or not, by whoever only decides.
_UNUSED = (("kafka",), ("gateway",), ("flow",))
_SETS = frozenset({"severity", "category", "days", "include", "exclude"})


@dataclass(frozen=True)
class Surroundings:
    """What reading winnow.yaml needs besides its text."""

    kinds: Mapping[str, type[Target]]
    """The model of each kind of target."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What `${NAME}` stands for."""
    overrides: Mapping[str, Path] = field(default_factory=dict)
    """Variables of `environ` that, when set, take the place of what stands at the path."""
    read_secret: Callable[[str], str] = field(default=lambda _: _no_files())
    """The text of the file that a `<field>_file` names; raises ConfigError with the reason alone."""
    left_out: Collection[Path] = ()
    """What counts as not given, whatever stands there."""
    needs_secrets: bool = True
    """False: a secret or an address may be missing beside the file, for nobody uses it."""
    zones: Callable[[], Collection[str]] | None = None
    """The time zones there are; None: none is refused."""


@dataclass(frozen=True)
class Reading:
    """A configuration that can be used, and the text it was read from."""

    config: Config
    hidden: frozenset[Path] = field(repr=False)
    """Where secrets may stand."""
    document: Document = field(repr=False)

    def doubts(self) -> list[Doubt]:
        """What can hardly be meant, in the order of the file."""
        found = [*doubts(self.config), *plain_secrets(self.document.tree, self.hidden)]
        return sorted(found, key=lambda doubt: self.document.line(doubt.path))

    def spelled(self, path: Path) -> str:
        """The path for a person."""
        return spelled(path, self.document.tree)


def parse(text: str, origin: str, around: Surroundings) -> Config:
    """The configuration that `text` holds, as `read` reads it."""
    return read(text, origin, around).config


def read(text: str, origin: str, around: Surroundings) -> Reading:
    """The configuration that `text` holds, and where things stand in it.

    `${NAME}` and `${NAME:-default}` are replaced in every value, `$$` is a dollar sign. An empty
    value (`key:`) counts as not given.

    Args:
        text: YAML of at most 1 MiB.
        origin: Name of the file, for messages.
        around: What the text refers to.

    Raises:
        ConfigError: It cannot be used: one line for each fault, in the order of the file. No line holds a
            secret, or what stood for a `${NAME}`.
    """
    document = Document(text, origin, around.environ)
    given = _overridden(document.tree, around)
    keys = Keys(around.kinds, around.read_secret, needs_secrets=around.needs_secrets)
    fitted = keys.fit(given, Config)
    early = _without_echoes(_meant(document, around, keys), [*keys.faults, *config_names.check(given)])
    context = {"zones": around.zones}
    targets, late = _targets(fitted, keys, document, context)
    if isinstance(fitted, dict) and isinstance(fitted.get("targets"), list):
        fitted = {key: value for key, value in fitted.items() if key != "targets"}
    config, errors = config_types.validated(Config, fitted, context)
    late += config_types.told(errors, fitted, keys, document.taken, ())
    faults = _without_echoes(early, [fault for fault in late if fault.path not in keys.unread])
    if faults or config is None:
        raise ConfigError(_report(faults, given, document, around))
    return Reading(config.model_copy(update={"targets": targets}), frozenset(keys.hidden), document)


def version(config: Config) -> str:
    """12 hex digits that are the same for configurations that decide the same.

    Secrets, and the addresses of brokers, targets and own servers, do not count; neither does how something
    is written (`240m` or `4h`, a default left out or spelt out).
    """
    text = json.dumps(_deciding(config), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _no_files() -> str:
    raise ConfigError("secrets cannot be read from files here")


def _without_echoes(first: list[Fault], then: list[Fault]) -> list[Fault]:
    """Both, but of a value that is known to be wrong only what was said first."""
    known = {fault.path for fault in first}
    return first + [fault for fault in then if fault.path not in known]


def _meant(document: Document, around: Surroundings, keys: Keys) -> list[Fault]:
    """The faults of the text, without those of what is left out, or of what nobody uses."""
    unused = () if around.needs_secrets else [fault for fault in document.absent if _is_unused(fault.path, keys)]
    return [
        fault
        for fault in document.faults
        if fault not in unused and not any(fault.path[: len(path)] == path for path in around.left_out)
    ]


def _is_unused(path: Path, keys: Keys) -> bool:
    return keys.is_hidden(path) or path[:1] in _UNUSED


def _overridden(tree: Tree, around: Surroundings) -> Tree:
    for variable, path in around.overrides.items():
        # Set to nothing is not set: compose files hand on what the shell lacks as "".
        if value := around.environ.get(variable):
            tree = placed(tree, path, Leaf(value, value))
    for path in around.left_out:
        tree = without(tree, path)
    return tree


def _targets(
    fitted: Tree, keys: Keys, document: Document, context: Mapping[str, object]
) -> tuple[list[Target], list[Fault]]:
    entries = at(fitted, ("targets",))
    targets: list[Target] = []
    faults: list[Fault] = []
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        kind = at(entry, ("kind",))
        # A kind nobody knows is told already; what all targets share is looked at all the same.
        model = keys.kinds.get(kind, Target) if isinstance(kind, Leaf) else Target
        target, errors = config_types.validated(model, entry, context)
        if model is Target:
            errors = [error for error in errors if error["type"] != "extra_forbidden" and error["loc"] != ("kind",)]
        faults += config_types.told(errors, entry, keys, document.taken, ("targets", place))
        targets += [target] if target else []
    return targets, faults


def _report(faults: list[Fault], tree: Tree, document: Document, around: Surroundings) -> str:
    variables = {path: name for name, path in around.overrides.items() if around.environ.get(name)}
    lines: list[tuple[int, str]] = []
    for fault in faults:
        path = fault.at or fault.path
        line, where = document.line(path), document.place(path)
        if fault.path in variables:
            where, line = variables[fault.path], 0
        lines.append((line, f"{where}: {spelled(fault.path, tree)}: {fault.text}"))
    return "\n".join(text for _, text in sorted(lines, key=lambda found: found[0]))


def _deciding(value: object, name: str = "") -> object:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        shown = [key for key, info in fields if info.repr and key not in _PLACES]
        return {key: _deciding(getattr(value, key), key) for key in shown}
    if isinstance(value, list | tuple):
        parts = [_deciding(part) for part in value]
        return sorted(set(map(str, parts))) if name in _SETS else parts
    if isinstance(value, dict):
        return {str(key): _deciding(part) for key, part in value.items()}
    if isinstance(value, SecretStr):
        return None
    plain = value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum))
    return value if plain else str(value)
