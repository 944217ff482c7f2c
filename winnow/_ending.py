"""With which exit code the command line ends, and what it says."""

from __future__ import annotations

import errno
import os
import sys
import traceback

from alerts.errors import NotFoundError, WinnowError
from connectors.redaction import redacted

NOBODY_READS = 141
"""As shells put it of what SIGPIPE ended, which Python ignores; 1 would say what a verb found."""


def told(error: BaseException) -> int:
    """Say what ended a verb, if it is a failure; the exit code.

    Winnow's own errors are one line and 2. So is what was asked for by name and is not there, with 1: a script can tell
    it from a failure. A fault of Winnow's own is its traceback and 2.
    """
    # Typer makes an exit with 1 of a pipe that nobody reads.
    cause = error.__context__ if isinstance(error, SystemExit) else error
    if isinstance(cause, BrokenPipeError):
        _discard_output()
        return NOBODY_READS
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    if isinstance(error, WinnowError):
        _say(redacted(f"winnow: {error}"))
        return 1 if isinstance(error, NotFoundError) else 2
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _discard_output()
        _say("winnow: cannot write: no space left")
        return 2
    traceback.print_exception(error)
    return 2


def _discard_output() -> None:
    """What is left in the buffer would fail once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 the command line's own voice
