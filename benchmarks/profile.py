"""`make profile WHAT=flow`: a flame graph of the very process that a benchmark starts, while it is measured.

py-spy looks at it from outside, at all threads that run and at its children. That takes the right to trace a process:
root has it, others where `kernel.yama.ptrace_scope` is 0.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks import processes
from benchmarks.parts import PARTS
from benchmarks.settings import Bench
from tests.support.kafka.choose import kafka
from tests.support.kafka.errors import BrokerError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RATE = 200
# To fill a topic for a replay, and have a flow decide about it, takes minutes.
_APPEARS_WITHIN_S = 600.0
# To write the picture, once the process has ended.
_ENDS_WITHIN_S = 30.0

MODULES: Mapping[str, str | None] = MappingProxyType(
    {
        **dict.fromkeys(PARTS, "flows.proxy"),
        "gateway": "http_gateway",
        "replay": "benchmarks.replayer",
        "stages": None,
    }
)
"""Of each part: what its process runs; None: the part runs in this one."""


class Spy(threading.Thread):
    """Waits for a process, has it looked at, and then ends the benchmark as Ctrl-C would."""

    def __init__(self, find: Callable[[], int | None], options: list[str]) -> None:
        super().__init__(daemon=True)
        self._find = find
        self._options = options
        self._pid: int | None = None
        self.failure: str | None = None
        """Why there is no picture."""
        self.is_done = False

    def run(self) -> None:
        """Look."""
        try:
            processes.wait_for(self._is_there, "the process appears", _APPEARS_WITHIN_S)
            command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(self._pid), *self._options]
            subprocess.run(command, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            self.failure = error.stderr.strip()
        except (OSError, TimeoutError) as error:
            self.failure = str(error)
        self.is_done = True
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _is_there(self) -> bool:
        self._pid = self._find()
        return self._pid is not None


def _asked() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    options.add_argument("what", choices=PARTS, help="Whose process.")
    options.add_argument("--of", metavar="MODULE", help="Another process of that part: http_gateway of `path`.")
    options.add_argument("--seconds", type=int, default=10, help="How long; a process that ends sooner is enough.")
    options.add_argument("--native", action="store_true", help="Frames of C and Rust too, as far as they have names.")
    options.add_argument("--alerts", type=int, default=200_000, help="How many to replay.")
    options.add_argument("--folder", type=Path, default=Path("profiles"), help="Where to write `<what>.svg`.")
    return options.parse_args()


def main() -> int:
    """Measure a part until its process was looked at; 1 if that could not be."""
    asked = _asked()
    # A shell that runs this in the background has it ignore Ctrl-C, by which the benchmark is ended.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked.folder.mkdir(parents=True, exist_ok=True)
    module = asked.of or MODULES[asked.what]
    picture = asked.folder / f"{asked.what if asked.of is None else f'{asked.what}-{asked.of}'}.svg"
    options = ["--subprocesses", "--rate", str(_RATE), "--duration", str(asked.seconds), "--output", str(picture)]
    # Who waits in C looks busy to py-spy; who holds the interpreter's lock is. C itself may work without it.
    spy = Spy(partial(processes.find, module), [*options, "--native" if asked.native else "--gil"])
    try:
        with kafka() as broker, tempfile.TemporaryDirectory() as folder:
            _measure(asked.what, Bench(broker.bootstrap, Path(folder), alerts=asked.alerts), spy)
        failure = spy.failure if spy.is_done else f"{asked.what} starts no {module}"
    except (BrokerError, UnavailableError) as error:
        failure = str(error)
    if failure is not None:
        print(f"no picture: {failure}", file=sys.stderr)
        return 1
    print(picture)
    return 0


def _measure(what: str, bench: Bench, spy: Spy) -> None:
    spy.start()
    try:
        for _ in PARTS[what].figures(bench):
            pass
        spy.join(_ENDS_WITHIN_S)
    except KeyboardInterrupt:
        if not spy.is_done:
            raise


if __name__ == "__main__":
    sys.exit(main())
