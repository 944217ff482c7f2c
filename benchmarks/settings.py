"""Where a benchmark runs: its Kafka, its topics, its configuration file."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

import yaml

from alerts.config import Kafka
from benchmarks.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path


class Bench(NamedTuple):
    """One run."""

    bootstrap: str
    folder: Path
    """For what is written meanwhile; gone afterwards."""
    seconds: float = 10.0
    """How long each rate is measured."""
    alerts: int = 1_000_000
    """How many are replayed, and how many decisions explained."""

    def kafka(self, prefix: str, partitions: int = 8) -> Kafka:
        """Topics of their own for one figure."""
        return Kafka(bootstrap=self.bootstrap, topic_prefix=f"{prefix}-{secrets.token_hex(4)}", partitions=partitions)

    def environment(self, port: int, kafka: Kafka | None = None, **sections: object) -> dict[str, str]:
        """The environment that makes a process use this run's Kafka, ports and settings."""
        used = kafka or self.kafka("gateway")
        config = self.folder / f"{used.topic_prefix}.yaml"
        settings = {"kafka": used.model_dump(), "filter": [], "routes": [], "targets": [], **sections}
        config.write_text(yaml.safe_dump(settings))
        return {
            "WINNOW_CONFIG": str(config),
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "WINNOW_LISTEN": f"127.0.0.1:{port}",
            "WINNOW_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
        }
