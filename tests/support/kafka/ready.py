"""Whether a broker serves."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

_ASK_TIMEOUT_S = 0.2


class Probe:
    """Asks one address again and again."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient(
            {
                "bootstrap.servers": bootstrap,
                "log_level": 0,
                "reconnect.backoff.ms": 20,
                "reconnect.backoff.max.ms": 100,
            }
        )

    def is_ready(self, timeout_s: float = _ASK_TIMEOUT_S) -> bool:
        """Whether its metadata lists a broker; it accepts connections well before that."""
        try:
            return bool(self._admin.list_topics(timeout=timeout_s).brokers)
        except KafkaException:
            return False
