"""What pydantic found wrong with winnow.yaml, in words: what was expected, and what came."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from alerts.config_tree import Fault, Path, Tree, at, hint, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from alerts.config_keys import Keys

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "list_type": "a list",
    "dict_type": "a mapping (lines of `key: value`)",
    "model_type": "a mapping (lines of `key: value`)",
    "model_attributes_type": "a mapping (lines of `key: value`)",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "{min_length} or more entries",
    "too_long": "at most {max_length} entries",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
}
_M = TypeVar("_M", bound=BaseModel)
_LENGTHS = {"too_short", "too_long"}
_STRUCTURES = {"list_type", "dict_type", "model_type", "model_attributes_type"}


def validated(model: type[_M], tree: Tree, context: Mapping[str, object]) -> tuple[_M | None, list[ErrorDetails]]:
    """The model of `tree`, or what is wrong with it."""
    # pydantic's error holds what came: it goes no further than this.
    try:
        return model.model_validate(tree, context=dict(context)), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def told(errors: Iterable[ErrorDetails], tree: Tree, keys: Keys, taken: Collection[str], above: Path) -> list[Fault]:
    """`errors` as faults, one for each place.

    Args:
        errors: As pydantic gave them for `tree`.
        tree: What was validated; it stands at `above` in the file.
        keys: Know what is hidden.
        taken: Values out of the environment, which must not be shown.
        above: Put before each path.
    """
    found: dict[Path, list[ErrorDetails]] = defaultdict(list)
    for error in errors:
        for path in _path(error, tree):
            found[*above, *path].append(error)
    return [Fault(path, _text(those, at(tree, path[len(above) :]), keys, taken, path)) for path, those in found.items()]


def _path(error: ErrorDetails, tree: Tree) -> Iterator[Path]:
    """The error's path in the file, without the names of a union's branches; none for a branch not meant."""
    path: Path = ()
    for place, part in enumerate(error["loc"], start=1):
        here = at(tree, path)
        is_missing = error["type"] == "missing" and place == len(error["loc"])
        is_key = isinstance(here, dict) and (part in here or is_missing)
        if is_key or (isinstance(here, list) and isinstance(part, int)):
            path = (*path, part)
        elif str(part).startswith("literal[" if isinstance(here, list) else "list["):
            return
    yield path


def _text(errors: list[ErrorDetails], value: Tree, keys: Keys, taken: Collection[str], path: Path) -> str:
    if errors[0]["type"] == "missing":
        return "is missing"
    is_hidden = keys.is_hidden(path)
    said = " or ".join(dict.fromkeys(_said(error) for error in errors)).replace(" or expected", " or")
    secrets = [secret for secret in (*keys.secrets, *taken) if _could_leak(secret)]
    if any(_holds(said, secret) for secret in secrets):
        return "is not what this field takes (why would show a secret)"
    # A secret may have been put where none belongs, beside the place where it does.
    if is_hidden or any(_holds(shown(value), secret) for secret in keys.secrets if _could_leak(secret)):
        return f"{said} (what came is a secret)"
    if isinstance(value, (dict, list)) and errors[0]["type"] not in _EXPECTED.keys() - _LENGTHS:
        return said
    if errors[0]["type"] in _STRUCTURES and isinstance(value, str):
        return f"{said}, got text"
    choices = re.findall(r"'([^']*)'", said) if errors[0]["type"] in {"literal_error", "enum"} else []
    near = hint(str(value), choices) if choices and isinstance(value, str) else ""
    return f"{said}, got {shown(value)}{near if 'did you mean' in near else ''}"


def _said(error: ErrorDetails) -> str:
    expected = _EXPECTED.get(error["type"])
    if expected:
        return f"expected {expected.format(**error.get('ctx', {}))}"
    text = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return " ".join(text.replace("Input should be", "expected").split())


def _could_leak(secret: str) -> bool:
    # Shorter ones are found in any text by chance.
    return len(secret) >= 4


def _holds(text: str, secret: str) -> bool:
    """Whether `text` quotes `secret`, or the beginning of a long one."""
    forms = {secret, repr(secret)[1:-1], " ".join(secret.split())}
    return any(form[:16] in text if len(form) > 16 else form in text for form in forms)
