"""`winnow`: runs the verb named on the command line (`winnow/_application.py`).

Ctrl-C raises KeyboardInterrupt wherever it comes, and in the midst of a library that may be lost, or become an error of
another kind. So it is noted as well, and before anything else is imported: that takes most of the time of a small verb.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_INTERRUPTED = 130


class _Noted:
    """Whether Ctrl-C has raised KeyboardInterrupt; where it is ignored, as in a shell's background, it stays so."""

    def __init__(self) -> None:
        self.has_come = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.has_come = True
        signal.default_int_handler(number, frame)

    def end_with(self, code: int) -> None:
        """Nothing more is to be done: from now on it ends the process at once."""
        if callable(signal.getsignal(signal.SIGINT)):
            signal.signal(signal.SIGINT, lambda *_: os._exit(code))


def main() -> None:
    """Run the verb named on the command line; whatever ends it after Ctrl-C came, does so quietly, with 130."""
    noted = _Noted()
    # Raised where nobody can catch it, it would be printed with its traceback.
    sys.unraisablehook = lambda one: None if noted.has_come else sys.__unraisablehook__(one)
    try:
        code = _run(noted)
    except BaseException:
        if not noted.has_come:
            raise
        code = _INTERRUPTED
    code = _INTERRUPTED if noted.has_come and code else code
    noted.end_with(code)
    sys.exit(code)


def _run(noted: _Noted) -> int:
    """The exit code; raises whatever Ctrl-C led to."""
    # What they import is only imported now.
    from winnow._application import run  # noqa: PLC0415
    from winnow._ending import told  # noqa: PLC0415

    code = 0
    try:
        try:
            run()
        finally:
            _flush()
    except BaseException as error:
        if noted.has_come and not isinstance(error, SystemExit):
            raise
        code = told(error)
    return code


def _flush() -> None:
    """Now, while somebody can say that it fails."""
    # It is None if there was none from the beginning.
    if sys.stdout is not None:
        sys.stdout.flush()


if __name__ == "__main__":
    main()
