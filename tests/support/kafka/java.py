"""The command lines that run Kafka's classes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.support.kafka.jars import jars

if TYPE_CHECKING:
    from pathlib import Path

# For programs that live seconds to minutes beside a test run: no second collector thread, no slow optimizer.
_LEAN = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class Java:
    """Kafka's classes, ready to run.

    Java can keep the classes of one run in an archive and read them from it in the next (AppCDS): a broker is
    then ready in 1.2 instead of 2 s. The first broker that is stopped in order leaves one beside the jars;
    where it does not fit, Java ignores it.
    """

    def __init__(self) -> None:
        self._jars = jars()
        self._archive = self._jars.parent / "classes.jsa"
        self._written: Path | None = None

    def format(self, settings: Path, cluster: str) -> list[str]:
        """What prepares the data folder that the file `settings` names."""
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)]
        return ["java", "-Xmx64m", *_LEAN, "-cp", f"{self._jars}/*", *tool]

    def serve(self, settings: Path) -> list[str]:
        """What runs a broker."""
        if self._archive.exists():
            archive = f"-XX:SharedArchiveFile={self._archive}"
        else:
            self._written = self._archive.with_name(f"{uuid.uuid4().hex}.new")
            archive = f"-XX:ArchiveClassesAtExit={self._written}"
        return ["java", "-Xmx256m", *_LEAN, archive, "-cp", f"{self._jars}/*", "kafka.Kafka", str(settings)]

    def keep_archive(self) -> None:
        """Use from now on what the broker has written at its end."""
        if self._written is not None and self._written.exists():
            self._written.replace(self._archive)
        self._written = None
