"""A model that behaves as badly as it is told, as a process of its own: `python -m tests.support.model`."""

from __future__ import annotations

import argparse
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from connectors.fake_model import Answered, Asked, FakeModel, as_json
from tests.support.certificates import Authority
from tests.support.misbehaviour import MODES
from tests.support.product import end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.fake_model import Fields


class Naughty(FakeModel):
    """The fake model, with a behaviour that is chosen by `POST /behave`, and a memory that `GET /seen` shows."""

    def __init__(self, listen: str, tls: ssl.SSLContext | None = None) -> None:
        self._behaviours: list[Fields] = [{"mode": "ok"}]
        self._seen: list[Fields] = []
        self._turn = threading.Lock()
        super().__init__(listen, tls)

    def respond(self, asked: Asked) -> Answered:
        if asked.path == "/behave":
            return self._behave(asked.fields())
        if asked.path == "/seen":
            with self._turn:
                return as_json({"calls": len(self._seen), "requests": list(self._seen)})
        if asked.method == "GET":
            return super().respond(asked)
        with self._turn:
            seen: Fields = {"path": asked.path, "headers": asked.headers, "prompt": asked.prompt()}
            self._seen.append({**seen, "body": asked.fields()})
            behaviour = self._behaviours[0]
            if len(self._behaviours) > 1:
                del self._behaviours[0]
        return self._misbehave(asked, behaviour)

    def _behave(self, told: Fields) -> Answered:
        behaviours = told.get("behaviours")
        with self._turn:
            self._behaviours = (
                [one for one in behaviours if isinstance(one, dict)] if isinstance(behaviours, list) else []
            )
            self._seen.clear()
        return as_json({})

    def _misbehave(self, asked: Asked, behaviour: Fields) -> Answered:
        if behaviour["mode"] == "slow":
            self.closing.wait(float(str(behaviour.get("seconds", 1))))
        if behaviour["mode"] in {"ok", "slow"}:
            return super().respond(asked)
        return MODES[str(behaviour["mode"])](self, asked, behaviour)


class ModelServer:
    """The process, as its users see it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url
        """For the dialect `classify`."""
        self.base_url = f"{url}/v1"
        """For the dialect `openai`."""

    def behave(self, *modes: str, **settings: object) -> None:
        """From now on: each call in its own mode, the last one for ever; what was seen is forgotten.

        Modes are `ok`, `slow` (`seconds`) and those of `tests/support/misbehaviour.py`.
        """
        behaviours = [{"mode": mode, **settings} for mode in modes]
        httpx.post(
            f"{self.url}/behave", json={"behaviours": behaviours}, trust_env=False, timeout=60
        ).raise_for_status()

    def seen(self) -> list[dict[str, object]]:
        """The requests since, each with `path`, `headers`, `prompt` (one text) and `body`."""
        requests: list[dict[str, object]] = httpx.get(f"{self.url}/seen", trust_env=False, timeout=60).json()[
            "requests"
        ]
        return requests

    def calls(self) -> int:
        """How many there were."""
        return len(self.seen())


@contextmanager
def model_server(*, is_tls: bool = False) -> Iterator[ModelServer]:
    """A model in a process of its own; with TLS by a certificate that nobody trusts."""
    command = [sys.executable, "-m", "tests.support.model", "--listen", "127.0.0.1:0", *(["--tls"] if is_tls else [])]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, start_new_session=True)
    try:
        assert process.stdout is not None
        yield ModelServer(process, process.stdout.readline().decode().strip())
    finally:
        end(process)
        assert process.stdout is not None
        process.stdout.close()


def main() -> None:
    """Listen until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--tls", action="store_true")
    chosen = parser.parse_args()
    # So that the folder and the threads end too; before anybody is told that it is up, and may end it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        tempfile.TemporaryDirectory() as folder,
        Naughty(chosen.listen, _tls(Path(folder)) if chosen.tls else None) as it,
    ):
        sys.stdout.write(f"{it.url}\n")
        sys.stdout.flush()
        while True:
            # A signal that comes just before a wait without an end is noticed only at that end.
            time.sleep(1)


def _tls(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*Authority(folder).issue("model", "127.0.0.1"))
    return context


if __name__ == "__main__":
    main()
