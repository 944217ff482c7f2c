"""The error tree.

WinnowError
├── ConfigError      winnow.yaml cannot be used as it is
├── FormatError      a body or a record is not what its format says
│   └── LimitError   a body holds more than the gateway's settings allow
├── MatcherError     a matcher cannot be parsed
├── ReplyError       what a model replied is no answer
├── NotFoundError    what was asked for by name is not there
└── KafkaError       the broker refused, or did not answer in time
    └── KafkaAwayError   no broker answers: it may come back
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.webhook import Fault


class WinnowError(Exception):
    """Whatever Winnow raises on purpose; its text is fit to be shown to a person."""


class ConfigError(WinnowError):
    """The configuration cannot be used; the text names every fault with its path in the file."""


class FormatError(WinnowError):
    """A body or record could not be read; the text names what was expected, what came and where."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class LimitError(FormatError):
    """A body goes over a limit, which `limit` names."""

    def __init__(self, limit: str, message: str, fault: Fault) -> None:
        super().__init__(message, (fault,))
        self.limit = limit


class MatcherError(WinnowError):
    """A matcher could not be parsed; the text quotes it and names the place."""


class ReplyError(WinnowError):
    """A model's reply is no answer; the text names the fields and what was expected, never what came."""


class NotFoundError(WinnowError):
    """What was asked for by name is not there, and all was looked at; the text says where to look further."""


class KafkaError(WinnowError):
    """Kafka refused or did not answer in time; the text names the broker and what was asked of it."""


class KafkaAwayError(KafkaError):
    """No broker answers; waiting may help."""
