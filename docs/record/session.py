"""A running Winnow beside a shell in which the story's commands are typed; everything in a folder of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

    from docs.record.story import Scene

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 116, 50

_UP_TIMEOUT_S = 90.0
_END_TIMEOUT_S = 60.0
_COMMAND_TIMEOUT_S = 90.0
_GATEWAY, _RECEIVER = "127.0.0.1:8080", "127.0.0.1:9900"
_BOOTSTRAP = re.compile(r"export .*KAFKA_BOOTSTRAP=([\w.:]+)")
_ARRIVAL = re.compile(r"POST /\S+ -> 20")
# What showed the progress: rich goes up and wipes its line at the end.
_TAKEN_BACK = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h\r\x1b\[1A\x1b\[2K", re.DOTALL)
_READY = "Ctrl-C ends it."


def play(scenes: Iterable[Scene], session: Session) -> Iterator[tuple[Scene, Answer]]:
    """The scenes, each with what it prints; `make run` is the session itself.

    Raises:
        TimeoutError: One does not end.
    """
    for scene in scenes:
        if not scene.command.startswith("make run"):
            answer = session.run(scene.command)
            if scene.sends:
                session.settle()
            yield scene, answer


class Answer(NamedTuple):
    """What a command printed on its terminal, and how it ended."""

    text: str
    """With the sequences that colour it."""
    code: int


class Session:
    """`winnow run` on free ports; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Bring into `folder` what the story uses."""
        self._folder = folder
        self._gateway, self._receiver, metrics = (f"127.0.0.1:{_free_port()}" for _ in range(3))
        text = (ROOT / "winnow.yaml").read_text(encoding="utf-8")
        (folder / "winnow.yaml").write_text(text.replace(_RECEIVER, self._receiver), encoding="utf-8")
        shutil.copytree(ROOT / "deploy" / "examples", folder / "deploy" / "examples")
        (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        self._environ = {
            **{name: value for name, value in os.environ.items() if name not in {"KAFKA_BOOTSTRAP", "NO_COLOR"}},
            "WINNOW_LISTEN": self._gateway,
            "WINNOW_METRICS_LISTEN": metrics,
            "WINNOW_URL": f"http://{self._gateway}",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDTH),
            "LINES": str(HEIGHT),
        }

    def run(self, command: str) -> Answer:
        """Run a command in a terminal, and wait until it ends.

        Raises:
            TimeoutError: It takes too long.
        """
        here = command.replace(_GATEWAY, self._gateway)
        main, end = _terminal()
        shell = subprocess.Popen(
            ["bash", "-c", here], cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL, stdout=end, stderr=end
        )
        os.close(end)
        told = _Listener(main)
        try:
            code = shell.wait(_COMMAND_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            shell.kill()
            raise TimeoutError(f"not within {_COMMAND_TIMEOUT_S:g} s: {command}") from error
        return Answer(_TAKEN_BACK.sub("", told.all()), code)

    def arrived(self, at_least: int = 0) -> str:
        """What `winnow run` has printed, once so many notifications are among it or the time for them is up."""
        deadline_s = time.monotonic() + _END_TIMEOUT_S
        while len(_ARRIVAL.findall(self._told.text)) < at_least and time.monotonic() < deadline_s:
            self._told.wait()
        return self._told.text

    def __enter__(self) -> Self:
        main, end = _terminal()
        command = [sys.executable, "-m", "winnow", "run", "--receiver", self._receiver]
        self._winnow = subprocess.Popen(command, cwd=self._folder, env=self._environ, stdout=end, stderr=end)
        os.close(end)
        self._told = _Listener(main)
        try:
            self._wait_until_up()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _wait_until_up(self) -> None:
        deadline_s = time.monotonic() + _UP_TIMEOUT_S
        while _READY not in self._told.text:
            if self._winnow.poll() is not None or time.monotonic() > deadline_s:
                raise TimeoutError(f"winnow run is not up:\n{self._told.text}")
            self._told.wait()
        found = _BOOTSTRAP.search(self._told.text)
        assert found is not None
        self._environ["KAFKA_BOOTSTRAP"] = found[1]

    def settle(self) -> None:
        """Wait until every alert that was accepted has an end on record.

        Raises:
            TimeoutError: One has none for long.
        """
        deadline_s = time.monotonic() + _COMMAND_TIMEOUT_S
        command = [sys.executable, "-m", "winnow", "ledger", "-o", "json"]
        while time.monotonic() < deadline_s:
            done = subprocess.run(command, cwd=self._folder, env=self._environ, capture_output=True, check=True)
            if json.loads(done.stdout)["pending"] == 0:
                return
        raise TimeoutError("what was sent has no end on record")

    def _end(self) -> None:
        self._winnow.send_signal(signal.SIGINT)
        try:
            self._winnow.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._winnow.kill()
        self._told.all()


class _Listener:
    """Reads a terminal until all who write to it have gone."""

    def __init__(self, terminal: int) -> None:
        self.text = ""
        self._terminal = terminal
        self._came = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until something comes; not long."""
        self._came.wait(0.1)
        self._came.clear()

    def all(self) -> str:
        """The whole text, once it has ended."""
        self._thread.join(_END_TIMEOUT_S)
        return self.text

    def _read(self) -> None:
        with os.fdopen(self._terminal, "rb", buffering=0) as source:
            while True:
                try:
                    part = source.read(65536)
                except OSError:  # Linux's way to say that nobody writes any more
                    return
                if not part:
                    return
                self.text += part.decode(errors="replace").replace("\r\n", "\n")
                self._came.set()


def _terminal() -> tuple[int, int]:
    """A terminal of our size: our end, and that of who runs in it."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    return main, end


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
