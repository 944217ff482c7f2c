"""`winnow run`: all of Winnow on this machine, for trying out."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from alerts.errors import ConfigError
from connectors import address
from connectors.candidate import candidate
from connectors.child import Command, Exited
from connectors.configuration import load, locate
from connectors.fake_model import NAME
from connectors.kafka.embedded import CLIENT_SETTINGS, EmbeddedBroker
from connectors.kafka.topics import partitions, shadow
from connectors.processes import Processes, Stop
from connectors.terminal import printable
from winnow import fake_model

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from alerts.config import Config

PANEL = "Try it"
_READY_TIMEOUT = timedelta(seconds=60)
# The flow drains for 20 s (DESIGN 7).
_GRACE = timedelta(seconds=25)
_FAKE = """A fake language model (fake-llm) advises, and knows a few words. End it, and alerts go on by rules alone:

  kill $(pgrep -f 'winnow fake-model --listen {listen}')

"""
_USUAL_URL = "http://127.0.0.1:8080"
_FETCH_WAIT = "fetch.wait.max.ms"


class Llm(StrEnum):
    """Which language model to start."""

    FAKE = "fake"


def run(
    receiver: Annotated[
        str, typer.Option(help="Where the receiver listens; the example's targets point there.")
    ] = "127.0.0.1:9900",
    llm: Annotated[
        Llm | None, typer.Option(help="Start a fake language model too, and have it asked; else as winnow.yaml says.")
    ] = None,
) -> None:
    """Run all of Winnow here, and show what arrives at its targets.

    Starts the gateway, the flow and a receiver that stands in for the targets, until Ctrl-C. Without KAFKA_BOOTSTRAP
    the broker is one in memory, for trying out: everything is gone when it ends.

    Example: winnow run --llm fake

    Exit codes:
        0: It was asked to end: by Ctrl-C, SIGTERM or SIGHUP.
        1: A part of it ended by itself, or was not up in time.
    """
    config = load()
    candidate(config)  # refused here rather than by a part that ends
    address.ensure_free(config.gateway.listen, "set WINNOW_LISTEN, or gateway.listen in winnow.yaml")
    address.ensure_free(config.flow.metrics_listen, "set WINNOW_METRICS_LISTEN, or flow.metrics_listen in winnow.yaml")
    address.ensure_free(
        receiver, "give --receiver HOST:PORT (make run RECEIVER=HOST:PORT), and change the targets' url in winnow.yaml"
    )
    with ExitStack() as stack:
        given = os.environ.get("KAFKA_BOOTSTRAP")
        bootstrap = given or stack.enter_context(EmbeddedBroker(_topics(config))).bootstrap
        broker = (
            f"Kafka at {bootstrap} (unset KAFKA_BOOTSTRAP for one in memory)"
            if given
            else f"in memory, at {bootstrap}; for trying out: all is lost at the end"
        )
        environ = _environ(bootstrap, embedded=not given)
        _say(f"starting Winnow; broker: {broker}")
        started = commands(config, receiver)
        verbs, note = {"KAFKA_BOOTSTRAP": bootstrap}, ""
        if llm is Llm.FAKE:
            listen = _fake_listen()
            command, more = fake(listen)
            started.insert(0, command)
            environ |= more
            verbs |= more
            note = _FAKE.format(listen=listen)
        status = supervise(started, environ, lambda: _say(_welcome(config, broker, verbs, note)))
    raise typer.Exit(status)


def _topics(config: Config) -> dict[str, int]:
    """How many partitions each topic has; the broker in memory makes none later."""
    counts = partitions(config.kafka)
    return counts if config.shadow is None else {**counts, shadow(config.kafka): config.kafka.partitions}


def commands(config: Config, receiver: str) -> list[Command]:
    """What runs, and where each part tells that it is up."""
    python = sys.executable
    return [
        Command(
            "receiver",
            [python, "-m", "winnow", "receiver", "--listen", receiver],
            address.url(receiver, "/"),
            ends_last=True,
        ),
        Command("gateway", [python, "-m", "http_gateway"], _ready(config)),
        Command(
            "flow",
            [python, "-m", "bytewax.run", "flows.proxy"],
            address.url(config.flow.metrics_listen, "/readyz"),
        ),
    ]


def fake(listen: str) -> tuple[Command, dict[str, str]]:
    """The fake model, and the environment in which the others use it, whatever model winnow.yaml names."""
    command = [sys.executable, "-m", "winnow", "fake-model", "--listen", listen]
    base_url = address.url(listen, "/v1")
    environ = {"WINNOW_LLM_BASE_URL": base_url, "WINNOW_LLM_MODEL": NAME}
    return Command("fake-llm", command, f"{base_url}/models", is_needed=False, ends_last=True), environ


def _fake_listen() -> str:
    """Where the fake model can listen."""
    try:
        address.ensure_free(fake_model.LISTEN, "")
    except ConfigError:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = f"127.0.0.1:{probe.getsockname()[1]}"
        _say(f"{fake_model.LISTEN} is taken; the fake model listens on {free}")
        return free
    return fake_model.LISTEN


def _ready(config: Config) -> str | None:
    """Where the gateway tells that it is up; None: there it takes a certificate to ask."""
    tls = config.gateway.tls
    if tls is not None and tls.client == "required":
        return None
    return _url(config) + "/readyz"


def _url(config: Config) -> str:
    url = address.url(config.gateway.listen)
    return url if config.gateway.tls is None else url.replace("http:", "https:", 1)


def _environ(bootstrap: str, *, embedded: bool) -> dict[str, str]:
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP": bootstrap,
        "WINNOW_CONFIG": str(locate(None, os.environ).absolute()),
        "PYTHONUNBUFFERED": "1",
    }
    if embedded:
        environ["WINNOW_FETCH_WAIT_MS"] = CLIENT_SETTINGS[_FETCH_WAIT]
    if sys.stdout.isatty():
        environ["FORCE_COLOR"] = "1"
    return environ


def supervise(commands: Sequence[Command], environ: Mapping[str, str], announce: Callable[[], None]) -> int:
    """Run the commands until Ctrl-C, SIGTERM, or the end of one of them.

    Args:
        commands: What to run.
        environ: Their environment.
        announce: Called once all are up.

    Returns:
        0 if it was asked to end, 1 if a command that is needed ended by itself, or one was not up in time.
    """
    processes = Processes(_forward)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: processes.request_stop())
    try:
        processes.start(commands, environ)
        event = processes.wait_ready(_READY_TIMEOUT)
        if event is None:
            announce()
            event = _wait(processes, {command.name for command in commands if not command.is_needed})
        fault = _obituary(event) if isinstance(event, Exited) else None
    except (OSError, TimeoutError) as error:
        fault = str(error)
    _say("stopping")
    killed = processes.stop(_GRACE)
    if killed:
        _say(f"had to be killed: {', '.join(killed)}")
    if fault:
        print(f"winnow: {fault}", file=sys.stderr)  # noqa: T201
    return 1 if fault else 0


def _wait(processes: Processes, spare: Collection[str]) -> Exited | Stop:
    """Wait until there is a reason to end; the end of what can be spared is none."""
    event = processes.wait()
    while isinstance(event, Exited) and event.name in spare:
        _say(f"{_obituary(event)}\nthe others go on without it")
        event = processes.wait()
    return event


def _obituary(exited: Exited) -> str:
    lines = "".join(f"\n  {exited.name} | {printable(line)}" for line in exited.last_lines)
    return f"{exited.name} ended by itself with {exited}" + (f"; its last lines:{lines}" if lines else "")


_turn = threading.Lock()


def _forward(name: str, line: str) -> None:
    """Print a child's line: the receiver's as it is (it escapes and colours itself), others subdued."""
    is_main = name == "receiver"
    text = f"{name:<8} | {line if is_main else printable(line)}"
    if is_main:
        with _turn:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
    else:
        _say(text, "dim")


def _say(text: str, style: str = "bold") -> None:
    with _turn:
        Console(highlight=False).print(Text(text, style), soft_wrap=True)
        sys.stdout.flush()


def _welcome(config: Config, broker: str, verbs: dict[str, str], note: str = "") -> str:
    """What to do now; `verbs` is the environment in which verbs find what runs here."""
    url = _url(config)
    labels = {"alertname": "PostgresDown", "severity": "critical", "instance": "db-1"}
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    body = json.dumps({"receiver": "demo", "alerts": [{"status": "firing", "labels": labels, "startsAt": now}]})
    where = {} if url == _USUAL_URL else {"WINNOW_URL": url}
    export = " ".join([*_path(), *(f"{name}={value}" for name, value in (verbs | where).items())])
    return f"""
Winnow is up. Broker: {broker}
In another terminal, so that every verb finds what runs here:

  export {export}

Then send an alert, and see what became of it; what arrives at the targets is shown here:

  winnow send --example --wait 10
  winnow explain PostgresDown
  curl -i {url}/webhook/proxy -H 'Content-Type: application/json' -d '{body}'

{note}`winnow --help` lists what else can be asked. Ctrl-C ends it.
"""


def _path() -> list[str]:
    """How a shell finds `winnow` that has not this one's PATH; nothing where every shell finds it."""
    folder = Path(sys.executable).parent
    is_everywhere = sys.prefix == sys.base_prefix and shutil.which("winnow") is not None
    return [] if is_everywhere else [f"PATH={shlex.quote(str(folder))}:$PATH"]
