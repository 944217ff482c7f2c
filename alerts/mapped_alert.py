"""One alert of a body by a mapping: what it says in Winnow's words, or what is wrong with it.

An alert is lost only if it cannot be said what it is or whether it fires. Anything else that does not come out is left
out and told to people, in the annotation `winnow_mapping`.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.instant import rfc3339
from alerts.moment import moment
from alerts.tags import pairs
from alerts.webhook import Fault

if TYPE_CHECKING:
    from alerts.config_mapping import Mapping
    from alerts.expression import Expression, Scope

NOTE = "winnow_mapping"
# Tags can be many; `gateway.limits.labels` would refuse the alert at 512.
LABELS_MAX = 256
_SEVERITIES = ("critical", "warning", "info", "noise")


class Ignored(NamedTuple):
    """What the mapping says is no alert."""


class Told(NamedTuple):
    """One alert."""

    labels: dict[str, str]
    annotations: dict[str, str]
    status: Status
    starts_at: str
    ends_at: str | None
    url: str
    identity: str
    """Empty: who it is, its labels say."""


class Element:
    """One alert as it came, seen through the expressions of a mapping."""

    def __init__(self, mapping: Mapping, scope: Scope, value: object, accepted_ms: int) -> None:
        self._mapping = mapping
        self._scope = scope
        self._value = value
        self._accepted_ms = accepted_ms
        self._notes: list[str] = []

    def read(self, where: str) -> Told | Ignored | tuple[Fault, ...]:
        """What it says; or its faults, `where` before their paths.

        Raises:
            FormatError: The request's budget is used up.
        """
        status, status_fault = self._status()
        if isinstance(status, Ignored):
            return status
        name, name_fault = self._name()
        faults = [Fault(f"{where}.{field}", text) for field, text in (name_fault, status_fault) if text]
        if status is None or faults:
            return tuple(faults)
        labels = self._labels(name)
        annotations = self._texts("annotations", self._mapping.annotations)
        starts_at, ends_at = self._times(status)
        url, identity = self._soft("url", self._mapping.url), self._identity()
        if self._notes:
            annotations[NOTE] = "; ".join(self._notes)[:2000]
        return Told(labels, annotations, status, starts_at, ends_at, url, identity)

    def _name(self) -> tuple[str, tuple[str, str]]:
        text, fault = self._text(self._mapping.alertname)
        if not fault and not text:
            fault = f"expected text from `{self._mapping.alertname}`, got nothing"
        return text, ("alertname", fault)

    def _status(self) -> tuple[Status | Ignored | None, tuple[str, str]]:
        words = self._mapping.status
        if words is None:
            return Status.FIRING, ("status", "")
        text, fault = self._text(words.value)
        kinds: tuple[tuple[list[str], Status | Ignored], ...] = (
            (words.firing, Status.FIRING),
            (words.resolved, Status.RESOLVED),
            (words.ignore, Ignored()),
        )
        for known, kind in kinds:
            if not fault and text.lower() in {word.lower() for word in known}:
                return kind, ("status", "")
        known_words = ", ".join([*words.firing, *words.resolved, *words.ignore])
        came = repr(text[:60]) if text else "nothing"
        return None, ("status", fault or f"expected one of {known_words} from `{words.value}`, got {came}")

    def _labels(self, name: str) -> dict[str, str]:
        further = pairs(self._found("labels_from", self._mapping.labels_from))
        others = {**further, **self._texts("labels", self._mapping.labels)}
        labels = {"alertname": name} | {label: text for label, text in others.items() if label != "alertname"}
        if severity := self._severity():
            labels["severity"] = severity
        if len(labels) > LABELS_MAX:
            self._notes.append(f"labels: at most {LABELS_MAX}, got {len(labels)}")
            labels = dict(list(labels.items())[:LABELS_MAX])
        return labels

    def _severity(self) -> str:
        words = self._mapping.severity
        text = "" if words is None else self._soft("severity", words.value)
        for severity in _SEVERITIES:
            if words is not None and text.lower() in {word.lower() for word in getattr(words, severity)}:
                return severity
        return text

    def _texts(self, part: str, expressions: dict[str, Expression]) -> dict[str, str]:
        """Those that are there, in the order of the mapping."""
        found = {name: self._soft(f"{part}.{name}", expression) for name, expression in expressions.items()}
        return {name: text for name, text in found.items() if text}

    def _times(self, status: Status) -> tuple[str, str | None]:
        """When it began and, if it is over, ended; what is not said is now."""
        now = rfc3339(self._accepted_ms)
        starts_at = self._time("starts_at", self._mapping.starts_at) or now
        if status is Status.FIRING:  # an end of it would be one that nobody needs to tell
            return starts_at, None
        return starts_at, self._time("ends_at", self._mapping.ends_at) or now

    def _time(self, field: str, expression: Expression | None) -> str | None:
        try:
            return moment(self._found(field, expression))
        except ValueError as error:
            self._notes.append(f"{field}: {error}")
            return None

    def _identity(self) -> str:
        text = self._soft("fingerprint", self._mapping.fingerprint)
        return blake2b(f"{self._mapping.name}/{text}".encode(), digest_size=8).hexdigest() if text else ""

    def _soft(self, field: str, expression: Expression | None) -> str:
        """Its text; empty, with a note, if it cannot be had."""
        if expression is None:
            return ""
        text, fault = self._text(expression)
        if fault:
            self._notes.append(f"{field}: {fault}")
        return text

    def _found(self, field: str, expression: Expression | None) -> object:
        if expression is None:
            return None
        try:
            return expression.of(self._value, self._scope)
        except FormatError:
            raise
        except ValueError as error:
            self._notes.append(f"{field}: `{expression}`: {error}")
            return None

    def _text(self, expression: Expression) -> tuple[str, str]:
        """The text it gives, and what is wrong with it."""
        try:
            return text_of(expression.of(self._value, self._scope)), ""
        except FormatError:
            raise
        except (ValueError, TypeError, RecursionError) as error:
            return "", f"`{expression}`: {error}"


def text_of(value: object) -> str:
    """A value as the text of a label or an annotation; null is empty.

    Raises:
        TypeError: It is nested too deep for JSON.
    """
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a number beyond 64 bits, or too deep; then it raises as well
        return json.dumps(value, ensure_ascii=False)
