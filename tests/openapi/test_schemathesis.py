"""schemathesis asks a real gateway whatever its document allows, and much that it does not: all checks, no failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.gateway import broker, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Kafka
    from tests.support.gateway import Gateway

# Half a minute on a machine of its own.
pytestmark = pytest.mark.timeout(300)

FOLDER = Path(__file__).parent
TOKEN = "the-token-of-a-source-that-may-send"
# No flow tells what becomes of the alerts here: whoever waits (`?wait=N`) would wait to the end.
HASTY = {"max_waiting": 0}
SOURCE = {"name": "tester", "bearer": {"token": TOKEN}}


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with broker() as (_, started):
        yield started


def asked(running: Gateway, folder: Path, *arguments: str, examples: int = 10) -> subprocess.CompletedProcess[str]:
    """What schemathesis finds; the same requests each time. It keeps what it found in `folder`."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(FOLDER / "schemathesis.toml")),
        *("run", f"{running.url}/openapi.json", "--checks", "all", "--max-examples", str(examples)),
        *("--generation-deterministic", "--no-color", "--max-response-time", "5", *arguments),
    ]
    environ = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.openapi.hooks",
        "NO_PROXY": "*",
        "PYTHONPATH": str(FOLDER.parents[1]),
    }
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=280, check=False)


def test_gateway_does_what_its_document_says(kafka: Kafka, tmp_path: Path) -> None:
    with gateway(tmp_path, kafka, **HASTY) as running:
        found = asked(running, tmp_path)
        assert found.returncode == 0, found.stdout[-20_000:]
        assert "Tested: 14" in found.stdout
        assert "Traceback" not in running.log()


def test_gateway_with_sources_does_what_its_document_says(kafka: Kafka, tmp_path: Path) -> None:
    """Fewer of the same, and what it says to who may not send."""
    paths = ["--include-path", "/webhook/proxy", "--include-path", "/api/v2/alerts", "--include-path", "/metrics"]
    listed = {**SOURCE, "paths": ["/webhook/proxy", "/api/v2/alerts", "/metrics"]}
    with gateway(tmp_path, kafka, sources=[listed], **HASTY) as running:
        found = asked(running, tmp_path, "-H", f"Authorization: Bearer {TOKEN}", *paths, examples=3)
    assert found.returncode == 0, found.stdout[-20_000:]


def test_schemathesis_notices_an_answer_that_is_not_in_the_document(kafka: Kafka, tmp_path: Path) -> None:
    with gateway(tmp_path, kafka, **HASTY) as running:
        document = running.client.get("/openapi.json").json()
        del document["paths"]["/webhook/proxy"]["post"]["responses"]["400"]
        file = tmp_path / "document.yaml"
        file.write_text(yaml.safe_dump(document))
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", running.url, "--no-color"]
        only = ["--include-path", "/webhook/proxy", "--generation-deterministic", "--max-examples", "1", "--no-shrink"]
        found = subprocess.run(
            [*command, *only, "--max-failures", "1"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert found.returncode == 1
    assert "[400] Bad Request" in found.stdout
