"""A format out of winnow.yaml: reads any JSON by the expressions of a mapping.

Its lines in Kafka are alerts in Alertmanager's shape, with the element they were made of as `original`. So the flow
needs no mapping to read them, neither a later one nor the one that made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts import sns
from alerts.bounds import without_giants
from alerts.entry import content_of, line_of
from alerts.errors import FormatError, LimitError
from alerts.expression import Scope
from alerts.json_text import loads
from alerts.mapped_alert import Element, Ignored, Told
from alerts.opened import check_depth
from alerts.webhook import Content, Fault, Received, Rejected, Submission, Webhook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.config_mapping import Mapping

# Expressions take milliseconds for an alert; what third parties send holds one, or a few.
ELEMENTS_MAX = 1000
# Beside each of its alerts: larger ones are not kept so often.
BODY_KEPT_BYTES = 16 * 1024
LINES_MAX_BYTES = 16 * 1024**2
_ALONE = "winnow_alone"


class Mapped:
    """Reads bodies by one mapping; a format like those in `alerts/formats/`."""

    METHODS = ("POST", "PUT")
    LINES = "alertmanager"
    """The format that reads the lines."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        # For /openapi.json, as the modules of formats have it.
        self.__doc__ = f"Any JSON, read by the mapping {mapping.name} of winnow.yaml."
        self.PATHS: tuple[str, ...] = (f"/v1/webhooks/{mapping.name}",)
        self.TYPES = tuple(mapping.content_types)
        expressions = [value for _, value in mapping if hasattr(value, "uses_body")]
        inner = [words.value for words in (mapping.status, mapping.severity) if words is not None]
        every = [*expressions, *inner, *mapping.labels.values(), *mapping.annotations.values()]
        self._uses_body = any(expression.uses_body for expression in every)

    def read(self, received: Received) -> Webhook:
        """The alerts of one request, and what is wrong with the others.

        Raises:
            FormatError: Not JSON, too large, or there is nothing where the alerts should lie.
        """
        check_depth(received)
        if len(received.body) > self._mapping.max_body:
            fault = Fault("", f"at most {self._mapping.max_body} bytes, got {len(received.body)}")
            raise LimitError("mapping_body", f"too large for the mapping {self._mapping.name}", fault)
        value = loads(received.body)
        if isinstance(value, dict) and value.keys() == {_ALONE}:
            return self._alone(value[_ALONE], received)
        if self._mapping.sns is None:
            return self._webhook(value, value, received)
        told = sns.read(value, self._mapping.sns)
        if told.note:
            todo = "" if told.confirm_url else told.note
            return Webhook(self._mapping.name, "", [], [], note=told.note, todo=todo, confirm_url=told.confirm_url)
        if isinstance(told.content, str):
            return self._of_text(told.content, value, received)
        return self._webhook(told.content, value, received)

    def alone(self, line: bytes) -> bytes:
        """A body with the alert of this line alone, also if it is one that was refused."""
        return b'{"' + _ALONE.encode() + b'":' + line + b"}"

    def content(self, line: bytes) -> Content:
        """Decode one line of a record.

        Raises:
            FormatError: Not one that `read` made.
        """
        return content_of(line)

    def _of_text(self, text: str, body: object, received: Received) -> Webhook:
        """A message of SNS that is no JSON: if the mapping finds nothing in it, this is why."""
        why = Fault("Message", "expected JSON in it, got text")
        try:
            webhook = self._webhook(text, body, received)
        except LimitError:
            raise
        except FormatError as error:
            raise FormatError(str(error), faults=(why, *error.faults)) from error
        rejected = [one._replace(faults=(why, *one.faults)) for one in webhook.rejected]
        return webhook._replace(rejected=rejected)

    def _alone(self, kept: object, received: Received) -> Webhook:
        if not isinstance(kept, dict) or "original" not in kept or kept.get("cut"):
            raise FormatError("not all that its expressions need was kept: its sender has to send it again")
        original = kept["original"]
        body = kept.get("body", original)
        return self._read([original], Scope(body, len(received.body)), body, received.accepted_ms)

    def _webhook(self, value: object, body: object, received: Received) -> Webhook:
        scope = Scope(body, len(received.body))
        try:
            found = self._mapping.alerts.of(value, scope)
        except FormatError:
            raise
        except ValueError as error:
            raise self._nothing(str(error)) from error
        if found is None:
            raise self._nothing("there is nothing")
        elements = found if isinstance(found, list) else [found]
        if len(elements) > ELEMENTS_MAX:
            fault = Fault("alerts", f"at most {ELEMENTS_MAX} alerts, got {len(elements)}")
            raise LimitError("mapping_alerts", "too many alerts", fault)
        return self._read(elements, scope, body, received.accepted_ms)

    def _nothing(self, why: str) -> FormatError:
        fault = Fault("alerts", f"`{self._mapping.alerts}`: {why}")
        return FormatError(f"no alerts where the mapping {self._mapping.name} looks", faults=(fault,))

    def _read(self, elements: list[object], scope: Scope, body: object, accepted_ms: int) -> Webhook:
        webhook = Webhook(self._mapping.name, "", [], [])
        ignored, left_bytes = 0, LINES_MAX_BYTES
        for position, element in enumerate(elements):
            where = f"alerts[{position}]"
            told = Element(self._mapping, scope, element, accepted_ms).read(where)
            if isinstance(told, Ignored):
                ignored += 1
                continue
            line = line_of(
                {**(_fields(told) if isinstance(told, Told) else {}), **self._evidence(element, scope, body)}
            )
            left_bytes -= len(line)
            if left_bytes < 0:
                fault = Fault("alerts", f"at most {LINES_MAX_BYTES} bytes may come out of a request")
                raise LimitError("mapping_output", f"the mapping {self._mapping.name} makes too much of it", fault)
            if isinstance(told, Told):
                submission = Submission(
                    position, told.labels, told.status, told.starts_at, told.ends_at, "", line, told.identity
                )
                webhook.submissions.append(submission)
            else:
                webhook.rejected.append(Rejected(position, told, line))
        note = f"nothing to store: {ignored} ignored, as the mapping says" if len(elements) == ignored else ""
        note = note if elements else "nothing to store: no alert in it"
        return without_giants(webhook._replace(note=note, ignored=ignored))

    def _evidence(self, element: object, scope: Scope, body: object) -> dict[str, object]:
        """What it takes to read this one again: itself, and all that was sent if expressions look there."""
        kept: dict[str, object] = {"original": element}
        if not self._uses_body or element is body:
            return kept
        return {**kept, "body": body} if scope.size_bytes <= BODY_KEPT_BYTES else {**kept, "cut": True}


def mapped(mappings: Iterable[Mapping]) -> dict[str, Mapped]:
    """The formats of winnow.yaml by their names, which differ from those that are built in."""
    return {mapping.name: Mapped(mapping) for mapping in mappings}


def _fields(told: Told) -> dict[str, object]:
    """Alertmanager's."""
    return {
        "status": told.status.value,
        "labels": told.labels,
        "annotations": told.annotations,
        "startsAt": told.starts_at,
        **({} if told.ends_at is None else {"endsAt": told.ends_at}),
        "generatorURL": told.url,
        **({"fingerprint": told.identity} if told.identity else {}),
    }
