"""Whether Kafka is reachable and has Winnow's topics; makes those that are missing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from alerts.errors import KafkaError
from connectors.kafka import topics

if TYPE_CHECKING:
    from alerts.config import Kafka
    from http_gateway.place import Place

log = structlog.get_logger()

_CHECK_EVERY_S = 2.0
# Of a client that keeps its connections: a broker that is there answers in milliseconds.
_ANSWER_TIMEOUT_S = 2.0


class Readiness:
    """Looks from a thread of its own, for asking Kafka blocks."""

    def __init__(self, kafka: Kafka, place: Place | None = None) -> None:
        self._kafka = kafka
        self._place = place
        self.problem: str | None = "starting"
        """Why the gateway is not ready; None if it is."""
        self._has_been = False
        self._is_stopped = threading.Event()

    @property
    def has_been(self) -> bool:
        """Whether the topics have been there once, seen by any worker.

        Before that nothing may be written: a broker that makes topics by itself would make them with another number
        of partitions.
        """
        return self._has_been or (self._place is not None and self._place.has_kafka_been_ready)

    def start(self) -> None:
        """Begin to look."""
        # A daemon: at the end nobody waits for a broker that does not answer.
        threading.Thread(target=self._watch, name="readiness", daemon=True).start()

    def stop(self, why: str) -> None:
        """Not ready any more."""
        self._is_stopped.set()
        self.problem = why

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
        if problem is None and not self._has_been:
            self._has_been = True
            if self._place is not None:
                self._place.kafka_was_ready()
        self.problem = problem
