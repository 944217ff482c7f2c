"""`winnow fake-model`: a process that answers, and says what it was asked."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from alerts import prompt
from alerts.advice import Template
from tests.support.product import end

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def model() -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "winnow", "fake-model", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("winnow-fake-model listens on http://127.0.0.1:")
        yield process, line.split()[3].removesuffix(";")
    finally:
        end(process)  # type: ignore[arg-type]
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def test_each_question_is_printed_with_what_was_answered(model: tuple[subprocess.Popen[str], str]) -> None:
    process, base_url = model
    template = Template("0123456789abcdef", (("alertname", "PostgresDown\x1b[31m"),), ())
    asked = {"model": "small", "messages": prompt.opening(template)}
    answer = httpx.post(f"{base_url}/chat/completions", json=asked, trust_env=False, timeout=60)
    assert '"severity": "critical"' in answer.json()["choices"][0]["message"]["content"].replace('\\"', '"')
    assert process.stdout is not None
    assert process.stdout.readline() == "asked about PostgresDown\\x1b[31m: critical, database\n"
