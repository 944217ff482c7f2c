"""Secrets that stand in files: read again when the file has changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from alerts.errors import ConfigError
from alerts.fields import FileSecret
from connectors.configuration import read_secret
from connectors.redaction import hide

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import SecretStr

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0
# File systems write times down in steps of up to two seconds (FAT): within one, a second change does not show.
_SETTLED_AFTER_NS = 2_000_000_000


class SecretFiles:
    """Looks at all files once a second, from a thread of its own: a file on a network can take its time."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where relative paths start: that of winnow.yaml."""
        self._folder = folder
        self._files: list[_File] = []
        self._is_stopped = threading.Event()

    def follow(self, secret: SecretStr, changed: Callable[[str], None]) -> None:
        """Call `changed` with each new text of the secret's file, in another thread; nothing if it is from no file.

        `changed` may raise a ValueError, with a text that shows no secret, if it cannot use it.
        """
        if isinstance(secret, FileSecret):
            self._files.append(_File(self._folder / secret.file, secret.get_secret_value(), changed))

    def start(self) -> None:
        """Begin to look."""
        if self._files:
            threading.Thread(target=self._watch, name="secret-files", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped.set()

    def _watch(self) -> None:
        while not self._is_stopped.wait(_LOOK_EVERY_S):
            for file in self._files:
                file.look()


class _File:
    def __init__(self, path: Path, text: str, changed: Callable[[str], None]) -> None:
        self._path = path
        self._text = text
        self._changed = changed
        self._stamp: tuple[int, int, int] | None = None
        self._fault: str | None = None

    def look(self) -> None:
        """Take what is new; what cannot be used leaves the old secret in force."""
        fault = self._fault_in_reading()
        if fault == self._fault:
            return
        if fault is None:
            log.info("secret_file_usable", file=str(self._path))
        else:
            log.error("secret_file_unusable", file=str(self._path), reason=fault, todo="the old secret stays in force")
        self._fault = fault

    def _fault_in_reading(self) -> str | None:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp == self._stamp:
                return self._fault
            is_settled = time.time_ns() - status.st_mtime_ns > _SETTLED_AFTER_NS
            self._take(read_secret(self._path))
        except OSError as error:
            self._stamp = None
            return f"cannot be read: {error.strerror}"
        except (ConfigError, ValueError) as error:
            return str(error)
        self._stamp = stamp if is_settled else None
        return None

    def _take(self, text: str) -> None:
        if text == self._text:
            return
        if not text:
            raise ValueError("is empty")
        hide([text])
        self._changed(text)
        self._text = text
        log.info("secret_reread", file=str(self._path))
