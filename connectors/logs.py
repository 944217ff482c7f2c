"""How Winnow logs: one line an event on standard error, for machines unless a person is watching."""

from __future__ import annotations

import sys

import structlog

from connectors.terminal import printable


def configure() -> None:
    """Set up structlog for this process: `key=value` on a terminal, else JSON.

    All of an event is one line, its traceback too, and every text can be written: JSON is ASCII, and a terminal
    gets no escape sequences out of an alert.
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
        processors=processors,
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _escaped(_logger: object, _name: str, line: structlog.typing.EventDict) -> str:
    return printable(str(line))
