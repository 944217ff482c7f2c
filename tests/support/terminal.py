"""The command line on a terminal of so many columns."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress


def on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """The lines that `winnow` prints there on standard output, in the environment of now, without colours."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "winnow", *arguments]
    told = b""
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environ) as process:
        os.close(theirs)
        with suppress(OSError):  # Linux's way to say that nobody writes any more
            while part := os.read(ours, 65536):
                told += part
        os.close(ours)
        process.communicate(timeout=60)
    return told.decode().replace("\r", "").splitlines()
