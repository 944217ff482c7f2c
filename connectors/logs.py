"""How Winnow logs: one line an event on standard error, for machines unless a person is watching."""

from __future__ import annotations

import logging
import sys

import structlog

from connectors.redaction import redacted
from connectors.terminal import printable


def configure() -> None:
    """Set up structlog for this process: `key=value` on a terminal, else JSON; libraries' own lines stay as they are.

    No line holds a secret of the configuration. All of an event is one line, its traceback too, and every text can be
    written: JSON is ASCII, and a terminal gets no escape sequences out of an alert.
    """
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if sys.stderr.isatty():
        processors += [structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]), _escaped]
    else:
        processors += [structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*processors, _redacted],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


def _escaped(_logger: object, _name: str, line: structlog.typing.EventDict) -> str:
    return printable(str(line))


def _redacted(_logger: object, _name: str, line: structlog.typing.EventDict) -> str:
    return redacted(str(line))


class _Formatter(logging.Formatter):
    """What asyncio and other libraries say: an exception that nobody took can quote a URL."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))
