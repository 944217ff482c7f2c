"""The keys of winnow.yaml against the models: unknown ones told, secrets read, blanks left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, get_args, get_origin

from pydantic import BaseModel, SecretStr

from alerts.config import Target
from alerts.config_tree import Fault, FromFile, Leaf, Path, Tree, at, hint, shown, stand_in
from alerts.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic.fields import FieldInfo

_FILE = "_file"


@dataclass
class Keys:
    """Fits a tree to the models, and remembers what it saw."""

    kinds: Mapping[str, type[Target]]
    read_secret: Callable[[str], str]
    """The text of a file, or ConfigError."""
    needs_secrets: bool = True
    """False: something else takes the place of a file that cannot be read."""
    faults: list[Fault] = field(default_factory=list)
    hidden: set[Path] = field(default_factory=set)
    """Where secrets stand: nothing at or below these paths may be shown."""
    secrets: set[str] = field(default_factory=set)
    """The secrets themselves."""
    unread: set[Path] = field(default_factory=set)
    """Where those should stand that no file gave: that is told at the file."""

    def fit(self, tree: Tree, model: type[BaseModel], path: Path = ()) -> Tree:
        """`tree` with the keys `model` knows, without empty values, `<secret>_file` read into `<secret>`."""
        if not isinstance(tree, dict):
            return tree
        if issubclass(model, Target):
            return self._target(tree, path)
        return self._section(tree, model, path)

    def is_hidden(self, path: Path) -> bool:
        """Whether what stands at `path` may not be shown."""
        return any(path[: len(secret)] == secret for secret in self.hidden)

    def _target(self, tree: dict[str, Tree], path: Path) -> Tree:
        kind = tree.get("kind")
        if isinstance(kind, Leaf) and kind in self.kinds:
            return self._section(tree, self.kinds[kind], path)
        # Without its kind nobody knows which of its values are secret.
        self.hidden.update((*path, key) for key in tree if key not in Target.model_fields)
        known = ", ".join(sorted(self.kinds))
        near = hint(kind, self.kinds).partition("; did you mean ")[2] if isinstance(kind, Leaf) else ""
        text = f"unknown kind {shown(kind)}" if "kind" in tree else "kind is missing"
        text = f"{text}; known: {known}" + (f" (did you mean {near.replace(chr(39), '')})" if near else "")
        self.faults.append(Fault(path, text, at=(*path, "kind")))
        return tree

    def _section(self, tree: dict[str, Tree], model: type[BaseModel], path: Path) -> dict[str, Tree]:
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        by_file = {f"{name}{_FILE}": name for name, info in fields.items() if _is_secret_text(info)}
        kept: dict[str, Tree] = {}
        for key, value in tree.items():
            if key in fields:
                if value is not None:
                    kept[key] = self._field(value, fields[key], (*path, key))
            elif key in by_file:
                kept[by_file[key]] = self._from_file(tree, (*path, key), by_file[key])
            elif model.model_config.get("extra") != "allow":
                text = f"unknown key{hint(key, [*fields, *by_file])}"
                self.faults.append(Fault((*path, key), text))
        return kept

    def _field(self, value: Tree, info: FieldInfo, path: Path) -> Tree:
        if _is_hidden(info):
            self._hide(value, path)
        models = list(_models(info.annotation))
        if isinstance(value, list) and len(models) == 1:
            return [self.fit(item, models[0], (*path, place)) for place, item in enumerate(value)]
        if isinstance(value, dict) and len(models) == 1:
            return self.fit(value, models[0], path)
        if isinstance(value, dict) and _is_hidden(info):
            return self._settings(value, path)
        return value

    def _settings(self, tree: dict[str, Tree], path: Path) -> Tree:
        """Secrets under keys of the operator's own (`kafka.client`), each of which may come from a file."""
        kept = {key: value for key, value in tree.items() if not key.endswith(_FILE)}
        for key in tree.keys() - kept.keys():
            name = key.removesuffix(_FILE)
            kept[name] = self._from_file(tree, (*path, key), name)
        return kept

    def _from_file(self, tree: dict[str, Tree], path: Path, name: str) -> Tree:
        file, (*above, key) = tree[str(path[-1])], path
        secret = (*above, name)
        self.hidden.update({path, secret})
        # Each way to fail leaves the field there, so that nobody is also told that it is missing.
        if tree.get(name) is not None:
            self.faults.append(Fault(path, f"expected one of {name} and {key}, got both"))
            return tree[name]
        if not isinstance(file, Leaf) or not file:
            self.faults.append(Fault(path, f"expected the path of a file, got {'nothing' if not file else 'no text'}"))
            self.unread.add(secret)
            return None
        try:
            text = FromFile(self.read_secret(str(file)), str(file))
        except ConfigError as error:
            if not self.needs_secrets:
                return FromFile(stand_in(name), str(file))
            self.faults.append(Fault(path, str(error)))
            self.unread.add(secret)
            return None
        self._hide(text, secret)
        return text

    def _hide(self, value: Tree, path: Path) -> None:
        self.hidden.add(path)
        if isinstance(value, Leaf):
            self.secrets.add(str(value))
            if not value and not any(fault.path == path for fault in self.faults):
                self.faults.append(Fault(path, "is empty"))
        for part in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            self._hide(at(value, (part,)), (*path, part))


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from _models(argument)


def _is_hidden(info: FieldInfo) -> bool:
    return not info.repr or _names(info.annotation, SecretStr)


def _is_secret_text(info: FieldInfo) -> bool:
    """A secret of one value; lists and mappings have no one file."""
    one = {str, SecretStr}
    choices = (info.annotation, *get_args(info.annotation))
    # What `Annotated` adds to a type that is one choice of several stands behind it.
    plain = {get_args(choice)[0] if get_origin(choice) is Annotated else choice for choice in choices}
    return _is_hidden(info) and bool(one & plain)


def _names(annotation: object, wanted: type) -> bool:
    return annotation is wanted or any(_names(argument, wanted) for argument in get_args(annotation))
