"""Apache Kafka's jars, from Maven into `.cache/kafka/<version>/`.

`python -m tests.support.kafka.jars` prints their folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.kafka.errors import UnavailableError

POM = Path(__file__).with_name("pom.xml")
CACHE = Path(__file__).parents[3] / ".cache" / "kafka"
# Measured: 12 s with an empty Maven repository.
_DOWNLOAD_TIMEOUT_S = 600.0


def version() -> str:
    """The version of Kafka that pom.xml asks for."""
    found = re.search(r"<kafka\.version>([^<]+)<", POM.read_text())
    assert found is not None
    return found[1]


def jars() -> Path:
    """The folder with the jars, and only those; fetched unless it is there.

    Raises:
        UnavailableError: No Java, no Maven, or Maven could not get them.
    """
    if shutil.which("java") is None:
        raise UnavailableError("no `java` on the path")
    folder = CACHE / version() / "libs"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise UnavailableError("no `mvn` on the path")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        fetched = Path(work) / "libs"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fetched}", "-DincludeScope=runtime"]
        try:
            done = subprocess.run(
                ["mvn", "-q", "-B", "-f", str(POM), *goal],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_DOWNLOAD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(f"mvn took more than {_DOWNLOAD_TIMEOUT_S:g} s") from error
        if done.returncode:
            raise UnavailableError(f"mvn failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        # Another test run may have been faster; its jars are the same.
        if not folder.is_dir():
            fetched.rename(folder)


if __name__ == "__main__":
    sys.stdout.write(f"{jars()}\n")
