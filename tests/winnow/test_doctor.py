"""`winnow doctor`, with a broker in memory or none, and targets on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from alerts.errors import WinnowError
from connectors.fake_model import FakeModel
from connectors.inbox import Inbox
from connectors.recovery_store import claim
from tests.support.product import free_port
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.arrival import Arrival

Told = dict[str, dict[str, str]]


def doctor(*arguments: str, timeout: str = "60s") -> tuple[int, Told]:
    """Exit code, and what was found by check."""
    words = ["doctor", "--timeout", timeout, "-o", "json", *arguments]
    result = CliRunner().invoke(application("doctor"), words, catch_exceptions=False)
    return result.exit_code, {one["check"]: one for one in json.loads(result.stdout)}


@contextmanager
def with_targets(folder: Path, *targets: str, more: str = "") -> Iterator[Shelf]:
    lines = "".join(f"  - {{{target}}}\n" for target in targets)
    with shelf(folder, f"{more}\ntargets:\n{lines}" if targets else f"{more}\ntargets: []\n") as made:
        yield made


def test_topics_lag_and_broker_in_memory_are_told(tmp_path: Path) -> None:
    with with_targets(tmp_path) as held:
        held.put(TOPICS.webhooks, [b"x", b"y"])
        code, told = doctor()
    assert code == 0
    assert (told["kafka"]["state"], "in memory" in told["kafka"]["found"]) == ("warning", True)
    webhooks = told[f"topic {TOPICS.webhooks}"]
    assert webhooks["found"].startswith(f"{PARTITIONS} partitions, 1 replica;")
    assert told[f"topic {TOPICS.replies}"]["found"] == "is not there"
    assert told["flow (group winnow)"]["found"] == "has read nothing yet, 2 records wait"
    assert told["model"]["state"] == told["recovery directory"]["state"] == "skipped"


def test_other_number_of_partitions_fails(tmp_path: Path) -> None:
    with with_targets(tmp_path):
        file = tmp_path / "winnow.yaml"
        file.write_text(file.read_text().replace(f"partitions: {PARTITIONS}", "partitions: 9"))
        code, told = doctor()
    assert (code, told[f"topic {TOPICS.decisions}"]["state"]) == (1, "failed")
    assert told[f"topic {TOPICS.quarantine}"]["state"] == "warning"


def test_topic_of_the_candidate_is_examined_if_there_is_one(tmp_path: Path) -> None:
    name = "winnow.shadow"
    with with_targets(tmp_path):
        assert f"topic {name}" not in doctor()[1]
    with with_targets(tmp_path, more="shadow: candidate.yaml"):
        code, told = doctor()
        assert (code, told[f"topic {name}"]["state"], told[f"topic {name}"]["found"]) == (0, "warning", "is not there")
        assert "no_shadow" in told[f"topic {name}"]["todo"]
    with shelf(tmp_path, "shadow: candidate.yaml\ntargets: []\n", name):
        file = tmp_path / "winnow.yaml"
        assert doctor()[1][f"topic {name}"]["found"].startswith(f"{PARTITIONS} partitions, 1 replica;")
        file.write_text(file.read_text().replace(f"partitions: {PARTITIONS}", "partitions: 9"))
        assert doctor()[1][f"topic {name}"]["state"] == "failed"


def test_without_kafka_the_rest_is_examined_all_the_same(tmp_path: Path) -> None:
    target = f'name: hook, kind: webhook, url: "http://127.0.0.1:{free_port()}/x", allow_private: true'
    with with_targets(tmp_path, target), pytest.MonkeyPatch.context() as environment:
        bootstrap = f"127.0.0.1:{free_port()}"
        environment.setenv("KAFKA_BOOTSTRAP", bootstrap)
        code, told = doctor(timeout="1s")
    assert f"{bootstrap}: nobody listens there" in told["kafka"]["found"]
    assert told["kafka"]["todo"].startswith(f"start Kafka at {bootstrap}, or correct KAFKA_BOOTSTRAP;")
    assert (code, told["kafka"]["state"], told["target hook"]["state"]) == (1, "failed", "failed")
    assert told[f"topic {TOPICS.webhooks}"]["state"] == told["flow (group winnow)"]["state"] == "skipped"


def test_somebody_who_is_no_kafka_is_told_with_what_it_is_spoken_to_in(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        with_targets(tmp_path),
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("KAFKA_BOOTSTRAP", f"127.0.0.1:{listener.getsockname()[1]}")
        _, told = doctor(timeout="1s")
    assert "does not answer as a Kafka does" in told["kafka"]["found"]
    assert "it is spoken to in PLAINTEXT: for TLS or SASL set kafka.client" in told["kafka"]["todo"]


def test_targets_are_connected_to_and_sent_nothing(tmp_path: Path) -> None:
    arrived: list[Arrival] = []
    with Inbox("127.0.0.1:0", lambda arrival, _: arrived.append(arrival)) as inbox:
        at = f'url: "{inbox.url}/x"'
        targets = (
            f"name: hook, kind: webhook, {at}, allow_private: true",
            f"name: closed, kind: webhook, {at}",
            f"name: off, kind: webhook, {at}, enabled: false",
            f"name: stream, kind: kafka, topic: {TOPICS.quarantine}",
            "name: nowhere, kind: kafka, topic: nowhere",
        )
        with with_targets(tmp_path, *targets):
            code, told = doctor()
    states = {name: told[f"target {name}"]["state"] for name in ("hook", "closed", "off", "stream", "nowhere")}
    assert states == {"hook": "ok", "closed": "failed", "off": "skipped", "stream": "ok", "nowhere": "failed"}
    assert told["target hook"]["found"].endswith("credentials not checked")
    assert "allow_private: true" in told["target closed"]["todo"]
    assert (code, arrived) == (1, [])


def test_no_secret_of_a_target_is_told(tmp_path: Path) -> None:
    secret = "T0SECRETSECRETSECRETSECRET"
    with with_targets(
        tmp_path, f'name: s, kind: slack, url: "http://127.0.0.1:{free_port()}/{secret}", allow_private: true'
    ):
        result = CliRunner().invoke(application("doctor"), ["doctor", "--timeout", "60s"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "nobody listens there" in result.stdout
    assert secret not in result.stdout


@pytest.mark.parametrize(
    ("model", "state", "said"),
    [
        ("winnow-fake-model", "ok", "answers and has winnow-fake-model"),
        ("other", "warning", "knows no other among its 1 models"),
    ],
)
def test_model_is_looked_up_and_asked_nothing(tmp_path: Path, model: str, state: str, said: str) -> None:
    with FakeModel("127.0.0.1:0") as fake:
        more = f'classify: {{llm: {{base_url: "{fake.url}/v1", model: {model}}}}}'
        with with_targets(tmp_path, more=more):
            _, told = doctor()
    assert told["model"]["state"] == state
    assert said in told["model"]["found"]


def test_recovery_directory_is_looked_at_and_its_user_named(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with with_targets(tmp_path):
        assert doctor("-r", str(folder))[1]["recovery directory"]["found"] == f"{folder} is no directory"
        folder.mkdir()
        assert "is no recovery directory; make one" in doctor("-r", str(folder))[1]["recovery directory"]["found"]
        subprocess.run([sys.executable, "-m", "bytewax.recovery", str(folder), "1"], check=True)
        assert doctor("-r", str(folder))[1]["recovery directory"]["state"] == "ok"
        held = claim(folder, is_shared=False)
        assert held is not None
        told = doctor("-r", str(folder))[1]["recovery directory"]
        os.close(held)
    assert told["found"] == f"{folder} fits {PARTITIONS} partitions, in use by process {os.getpid()}"


def test_whoever_does_not_answer_is_given_up_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        target = f'name: hook, kind: webhook, url: "https://127.0.0.1:{port}/x", allow_private: true'
        more = f'classify: {{llm: {{base_url: "http://127.0.0.1:{port}/v1", model: m}}}}'
        with with_targets(tmp_path, target, more=more), pytest.MonkeyPatch.context() as environment:
            environment.setenv("KAFKA_BOOTSTRAP", f"127.0.0.1:{port}")
            command = [sys.executable, "-m", "winnow", "doctor", "--timeout", "300ms", "-o", "json"]
            began = time.monotonic()
            result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told: list[dict[str, Any]] = json.loads(result.stdout)
    failed = {one["check"]: one["found"] for one in told if one["state"] == "failed"}
    assert set(failed) == {"kafka", "target hook", "model"}
    assert failed["target hook"] == failed["model"] == "no answer within 0.3 s"
    assert (result.returncode, result.stderr) == (1, "")
    assert time.monotonic() - began < 45


def test_timeout_that_is_none_is_refused() -> None:
    with pytest.raises(WinnowError, match="--timeout: expected 100ms to 5m"):
        CliRunner().invoke(application("doctor"), ["doctor", "--timeout", "1h"], catch_exceptions=False)
