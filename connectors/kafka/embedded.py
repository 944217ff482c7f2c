"""A Kafka broker in this process's memory, for trying out and for tests: librdkafka's mock cluster.

It comes with confluent-kafka's wheel, listens on 127.0.0.1 only and forgets everything at the end. It differs
from a real broker (seen with librdkafka 2.16.1):

* It keeps the last 5 MiB of each partition; a reader that lags further loses messages.
* It makes no topics for an admin client (that waits for a controller until its time is up), but makes any
  that a client asks for by name, with four partitions.
* `offsets_for_times` finds nothing.
* After its last member left, a group can be joined again only a session timeout less one second later.
  Assigning partitions oneself has no such wait.

Source: https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka_mock.h
"""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int16, c_int32, c_size_t, c_void_p
from typing import TYPE_CHECKING, Self

from confluent_kafka import cimpl

from alerts.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

CLIENT_SETTINGS: dict[str, str] = {"fetch.wait.max.ms": "5"}
"""What consumers of an embedded broker should set.

A fetch that finds nothing always waits the whole time there; a real broker answers as soon as there is
something. Measured from producer to consumer: 2.5 ms with 5, 500 ms with the default of 500. An idle consumer
of 32 partitions costs 3 % of a core with 5, 10 % with 1.
"""

_BROKER = 1
"""The id of the only broker."""
_PRODUCER = 0
"""RD_KAFKA_PRODUCER: the mock cluster needs a client to live in; this one never connects."""
_TEXT_BYTES = 512

_FUNCTIONS: dict[str, tuple[type | None, list[type]]] = {
    "rd_kafka_conf_new": (c_void_p, []),
    "rd_kafka_conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "rd_kafka_new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "rd_kafka_destroy": (None, [c_void_p]),
    "rd_kafka_err2str": (c_char_p, [c_int]),
    "rd_kafka_mock_cluster_new": (c_void_p, [c_void_p, c_int]),
    "rd_kafka_mock_cluster_destroy": (None, [c_void_p]),
    "rd_kafka_mock_cluster_bootstraps": (c_char_p, [c_void_p]),
    "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [c_void_p, c_int32]),
    "rd_kafka_mock_topic_create": (c_int, [c_void_p, c_char_p, c_int, c_int]),
    "rd_kafka_mock_broker_set_rtt": (c_int, [c_void_p, c_int32, c_int]),
    "rd_kafka_mock_partition_set_leader": (c_int, [c_void_p, c_char_p, c_int, c_int]),
    "rd_kafka_mock_broker_set_down": (c_int, [c_void_p, c_int32]),
    "rd_kafka_mock_broker_set_up": (c_int, [c_void_p, c_int32]),
    "rd_kafka_mock_push_request_errors_array": (None, [c_void_p, c_int16, c_size_t, c_void_p]),
}
"""Result and arguments of each C function used here."""


def _librdkafka() -> ctypes.CDLL:
    """The library confluent-kafka has loaded, wherever its wheel keeps it.

    Symbols are looked up through the extension module, which also finds those of the libraries it is linked
    to: the same for wheels of Linux (glibc and musl) and macOS, and for a librdkafka of the system.

    Raises:
        KafkaError: There is no mock cluster in it.
    """
    library = ctypes.CDLL(cimpl.__file__)
    for name, (result, arguments) in _FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise KafkaError(
                f"the confluent-kafka at {cimpl.__file__} offers no {name}, so there is no broker in memory: "
                "install its wheel from PyPI, or set KAFKA_BOOTSTRAP to a running Kafka"
            ) from error
        function.restype, function.argtypes = result, arguments
    return library


class EmbeddedBroker:
    """One broker with these topics, up until `close`; a context manager."""

    bootstrap: str
    """`127.0.0.1:PORT`; the port is picked by the kernel."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        """Start it.

        Args:
            topics: How many partitions each topic has.

        Raises:
            KafkaError: librdkafka has no mock cluster, or refuses a topic.
        """
        for name, partitions in topics.items():
            # The library ends the process on these.
            if not name or partitions < 1:
                raise KafkaError(f"topic {name!r}: expected a name and at least 1 partition, got {partitions}")
        self._library = _librdkafka()
        self._client: int | None = self._new_client()
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 0)
        try:
            for name, partitions in topics.items():
                self._check("topic_create", name.encode(), partitions, 1)
        except KafkaError:
            self.close()
            raise
        self.bootstrap = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def _new_client(self) -> int:
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        conf = self._library.rd_kafka_conf_new()
        # Else it prints a warning that it has no servers to connect to, which is so by intent.
        self._library.rd_kafka_conf_set(conf, b"log_level", b"0", text, _TEXT_BYTES)
        client: int | None = self._library.rd_kafka_new(_PRODUCER, conf, text, _TEXT_BYTES)
        if client is None:
            raise KafkaError(f"librdkafka could not start: {text.value.decode(errors='replace')}")
        return client

    def _check(self, function: str, *arguments: bytes | int) -> None:
        error = getattr(self._library, f"rd_kafka_mock_{function}")(self._cluster, *arguments)
        if error:
            raise KafkaError(
                f"embedded broker: {function}{arguments}: {self._library.rd_kafka_err2str(error).decode()}"
            )

    def set_rtt(self, ms: int) -> None:
        """Answer every request only after `ms` milliseconds; 0 ends that."""
        self._check("broker_set_rtt", _BROKER, ms)

    def set_down(self) -> None:
        """Close all connections and refuse new ones; topics and offsets stay."""
        self._check("broker_set_down", _BROKER)

    def set_up(self) -> None:
        """Accept connections again."""
        self._check("broker_set_up", _BROKER)

    def set_leaderless(self, topic: str, partition: int) -> None:
        """Say that no broker leads this partition: what is written to it waits until it is given up."""
        self._check("partition_set_leader", topic.encode(), partition, -1)

    def push_errors(self, api_key: int, codes: Sequence[int]) -> None:
        """Answer the next requests of one kind with these errors, one each.

        Args:
            api_key: The kind, https://kafka.apache.org/protocol#protocol_api_keys (0 Produce, 1 Fetch).
            codes: Kafka's error codes; `KafkaError._TRANSPORT` (-195) drops the connection instead.
        """
        errors = (c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(self._cluster, api_key, len(codes), errors)

    def close(self) -> None:
        """Stop it; everything in it is gone. May be called twice."""
        if self._client is not None:
            self._library.rd_kafka_mock_cluster_destroy(self._cluster)
            self._library.rd_kafka_destroy(self._client)
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
