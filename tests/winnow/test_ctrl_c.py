"""Ctrl-C at any moment of a verb that reads: exit code 130, or it was done already; and no word of the insides."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from alerts.decision import Outcome
from connectors.configuration import load
from connectors.job import Ended
from flows.trail import Trail
from tests.support.events import NOW_MS, delivery
from tests.support.history import decided, event, keep
from tests.support.shelf import PARTITIONS, TOPICS, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = "targets: [{name: oncall, kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}]\n"
SINCE = ("--since", "2025-01-01T00:00:00Z")
MOMENTS = 10
VERBS = {
    "explain": ("explain", "Disk", *SINCE),
    "resend": ("replay", "--send", "--target", "oncall", "--dry-run", *SINCE),
    "retry": ("dead-letters", "retry", "--dry-run", *SINCE),
}
# Says when it comes to import what makes the command line. Earlier, Python itself is what Ctrl-C ends.
UP = """
import sys
from winnow.__main__ import main
class Up:
    def find_spec(name, *_):
        if name == 'winnow._application':
            print('up', flush=True)
sys.meta_path.insert(0, Up)
main()
"""
# What a verb does about it.
BREAKING = {
    "another error": "raise_signal(); raise SystemError('returned a result with an exception set')",
    "one of Winnow's": "raise_signal(); raise WinnowError('no broker')",
    "its verdict": "raise_signal(); raise typer.Exit(1)",
    "not at all": "pass_it_over(); print('done', flush=True)",
}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with shelf(tmp_path_factory.mktemp("shelf"), SETTINGS) as made:
        records = [event(number, NOW_MS + number) for number in range(300)]
        keep(made, records, decided(load(needs_sources=False), records))
        trail = Trail(TOPICS, PARTITIONS, "c")
        for number in range(300):
            end = Ended(delivery(number), Outcome.DEAD_LETTERED, 1, 400, "refused", NOW_MS)
            for _, message in trail.of_ended([end]):
                made.put(message.topic, [message.value], partition=message.partition or 0)
        yield


def run(verb: str, after_s: float | None = None) -> tuple[int, str, float]:
    """The exit code as a shell tells it, standard error, and how long it took; `after_s`: when Ctrl-C comes."""
    command = [sys.executable, "-c", UP, *VERBS[verb]]
    # coverage takes a lock in Python code of its own: Ctrl-C in the midst of that leaves it taken, and all wait.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        began = time.monotonic()
        if after_s is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(after_s)
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    status = process.returncode
    return 128 - status if status < 0 else status, errors, time.monotonic() - began


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.usefixtures("held")
def test_at_any_moment_it_is_quiet_and_exits_130(verb: str) -> None:
    code, errors, took_s = run(verb)
    assert (code, errors) == (0, "")
    ended = {run(verb, took_s * moment / MOMENTS)[:2] for moment in range(MOMENTS)}
    assert ended <= {(130, ""), (0, "")}
    assert (130, "") in ended


@pytest.mark.parametrize(("what", "code"), [*zip(BREAKING, (130, 130, 130, 0), strict=True)])
def test_whatever_ctrl_c_has_become_it_is_what_ended_the_verb(what: str, code: int) -> None:
    script = f"""
import signal, sys, typer
from contextlib import suppress
from alerts.errors import WinnowError
from winnow.__main__ import main
def raise_signal():
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
class PassedOver:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def pass_it_over():
    PassedOver()
def verb(app, **_):
    {BREAKING[what]}
sys.argv, typer.Typer.__call__ = ['winnow', 'send'], verb
main()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr, result.stdout) == (code, "", "" if code else "done\n")


def test_without_it_the_same_error_is_a_fault() -> None:
    script = """
import sys, typer
from winnow.__main__ import main
def verb(app, **_):
    raise SystemError('returned a result with an exception set')
sys.argv, typer.Typer.__call__ = ['winnow', 'send'], verb
main()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert "SystemError: returned a result" in result.stderr


def test_where_it_is_ignored_the_verb_goes_on() -> None:
    script = """
import signal, sys, typer
from winnow.__main__ import main
def verb(app, **_):
    signal.raise_signal(signal.SIGINT)
    print('done')
sys.argv, typer.Typer.__call__ = ['winnow', 'send'], verb
signal.signal(signal.SIGINT, signal.SIG_IGN)
main()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")
