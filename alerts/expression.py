"""JMESPath expressions of a mapping: compiled when winnow.yaml is read, run within a budget of steps.

Beside JMESPath's own functions there are `body()`, all that was sent; `parse_json(text)`, null if it is none;
`lower(text)`; and `split(text, separator)`.

Source: https://jmespath.org/specification.html
"""

from __future__ import annotations

import warnings
from typing import Any

import jmespath
from jmespath.exceptions import (
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
)
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

from alerts.errors import FormatError, LimitError
from alerts.json_text import loads
from alerts.webhook import Fault

EXPRESSION_MAX_CHARS = 4096
# 0.5 to 2 us each (measured): a request holds up the others for a second at most. An alert with twenty fields takes
# about a hundred.
STEPS_MAX = 500_000
# What a function does with its argument costs about a step for so many bytes of it.
_STEP_BYTES = 64
# What a person may write wrong and what data may be, other than expected; jmespath raises all of these.
_DATA_ERRORS = (JMESPathError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Expression:
    """A JMESPath expression, or a constant: `=text`."""

    __slots__ = ("_constant", "_parsed", "text", "uses_body")

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            ValueError: It is no expression; says why and where.
        """
        self.text = text
        self._constant = text[1:] if text.startswith("=") else None
        self._parsed: Any = None if self._constant is not None else _compiled(text)
        self.uses_body = _calls(self._parsed, "body")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every alert."""
        return self._constant is not None or self._parsed["type"] == "literal"

    def of(self, value: object, scope: Scope) -> object:
        """What it gives for `value`; None if that is not there.

        Raises:
            ValueError: A function got what it does not take; says which, never what.
            LimitError: The budget is used up.
        """
        if self._constant is not None:
            return self._constant
        try:
            return scope.visit(self._parsed, value)
        except FormatError:
            raise
        except JMESPathTypeError as error:
            expected = " or ".join(error.expected_types)
            raise ValueError(f"{error.function_name}() takes {expected}, got {error.actual_type}") from None
        except _DATA_ERRORS as error:
            raise ValueError(f"cannot be computed here ({type(error).__name__})") from None


class Scope(TreeInterpreter):
    """Runs the expressions of one request."""

    def __init__(self, body: object, size_bytes: int) -> None:
        super().__init__(Options(custom_functions=_Functions(self)))
        self.body = body
        self.size_bytes = size_bytes
        self._steps_left = STEPS_MAX

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One step; jmespath calls it for each node of an expression and each entry of a list."""
        self.charge(1)
        return super().visit(node, *args, **kwargs)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """As jmespath's; a function that takes no null says which expression gave it."""
        given = [self.visit(child, value) for child in node["children"]]
        try:
            return self._functions.call_function(node["value"], given)
        except JMESPathTypeError as error:
            paths = (_path(child) for child, one in zip(node["children"], given, strict=True) if one is None)
            if error.actual_type == "null" and (path := next(paths, "")):
                error.actual_type = f"nothing from `{path}`"
            raise

    def charge(self, steps: int) -> None:
        """Take them from the budget.

        Raises:
            LimitError: It is used up.
        """
        self._steps_left -= steps
        if self._steps_left < 0:
            fault = Fault("", f"at most {STEPS_MAX} steps of evaluation a request: send fewer alerts at once")
            raise LimitError("mapping_steps", "too much work for a mapping", fault)


class _Functions(Functions):
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        sizes = (len(argument) for argument in resolved_args if isinstance(argument, str | list | dict))
        self._scope.charge(sum(sizes) // _STEP_BYTES)
        return super().call_function(function_name, resolved_args)

    @signature()
    def _func_body(self) -> object:
        self._scope.charge(self._scope.size_bytes // _STEP_BYTES)
        return self._scope.body

    @signature({"types": ["string", "null"]})
    def _func_parse_json(self, text: str | None) -> object:
        try:
            return None if text is None else loads(text.encode())
        except FormatError:
            return None

    @signature({"types": ["string"]})
    def _func_lower(self, text: str) -> str:
        return text.lower()

    @signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, text: str, separator: str) -> list[str]:
        return text.split(separator)


def _compiled(text: str) -> Any:
    if len(text) > EXPRESSION_MAX_CHARS:
        raise ValueError(f"expected an expression of at most {EXPRESSION_MAX_CHARS} characters")
    try:
        with warnings.catch_warnings():
            # Backticks round what is no JSON: jmespath guesses that it is text.
            warnings.simplefilter("error")
            parsed = jmespath.compile(text).parsed
    except Warning:
        raise ValueError("expected JSON between backticks (text stands between single quotes)") from None
    except (LexerError, ParseError) as error:
        place = getattr(error, "lexer_position", None) or getattr(error, "lex_position", None) or 0
        raise ValueError(
            f"expected a JMESPath expression (jmespath.org), wrong from character {place + 1} on"
        ) from None
    except (JMESPathError, RecursionError) as error:
        raise ValueError(f"expected a JMESPath expression (jmespath.org): {str(error).splitlines()[0]}") from None
    for name, count in _functions(parsed):
        _check_function(name, count)
    return parsed


def _check_function(name: str, count: int) -> None:
    """That it exists and takes so many arguments: jmespath itself tells only when it is called."""
    spec = _Functions.FUNCTION_TABLE.get(name)
    if spec is None:
        raise ValueError(f"no function is named {name}(); known: {', '.join(sorted(_Functions.FUNCTION_TABLE))}")
    wanted = len(spec["signature"])
    is_variadic = bool(wanted) and spec["signature"][-1].get("variadic")
    if count < wanted or (count > wanted and not is_variadic):
        raise ValueError(f"{name}() takes {wanted}{' or more' if is_variadic else ''} arguments, got {count}")


def _functions(node: Any) -> list[tuple[str, int]]:
    """The functions a parsed expression calls, and with how many arguments."""
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        if one["type"] == "function_expression":
            found.append((one["value"], len(one["children"])))
        waiting += [child for child in one["children"] if isinstance(child, dict)]
    return found


def _path(node: Any) -> str:
    """The text of an expression that is a path of names and places (`a.b[0]`); of any other it is empty."""
    if node["type"] == "field":
        return str(node["value"])
    if node["type"] == "index":
        return f"[{node['value']}]"
    if node["type"] not in {"subexpression", "index_expression"}:
        return ""
    parts = [_path(child) for child in node["children"]]
    return (
        "".join(f".{part}" if place and part[0] != "[" else part for place, part in enumerate(parts))
        if all(parts)
        else ""
    )


def _calls(node: Any, name: str) -> bool:
    return node is not None and any(called == name for called, _ in _functions(node))
