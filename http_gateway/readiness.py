"""Whether Kafka is reachable and has Winnow's topics; makes those that are missing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from alerts.errors import KafkaError
from connectors.kafka import topics

if TYPE_CHECKING:
    from alerts.config import Kafka

log = structlog.get_logger()

_CHECK_EVERY_S = 2.0
# Of a client that keeps its connections: a broker that is there answers in milliseconds.
_ANSWER_TIMEOUT_S = 2.0


class Readiness:
    """Looks from a thread of its own, for asking Kafka blocks."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self.problem: str | None = "starting"
        """Why the gateway is not ready; None if it is."""
        self.has_been = False
        """Whether the topics have been there once. Before that nothing may be written: a broker that makes topics
        by itself would make them with another number of partitions."""
        self._is_stopped = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        # A daemon: at the end nobody waits for a broker that does not answer.
        threading.Thread(target=self._watch, name="readiness", daemon=True).start()

    def stop(self) -> None:
        """Not ready any more."""
        self._is_stopped.set()
        self.problem = "shutting down"

    def _watch(self) -> None:
        client = topics.admin(self._kafka)
        while True:
            problem = None
            try:
                topics.ensure(self._kafka, client, _ANSWER_TIMEOUT_S)
            except KafkaError as error:
                problem = str(error)
            if self._is_stopped.is_set():
                return
            self._tell(problem)
            self._is_stopped.wait(_CHECK_EVERY_S)

    def _tell(self, problem: str | None) -> None:
        if problem == self.problem:
            return
        if problem is None:
            log.info("became_ready")
        else:
            log.error("became_unready", reason=problem)
        self.has_been = self.has_been or problem is None
        self.problem = problem
