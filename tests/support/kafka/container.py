"""Kafka in a container, for everyone with Docker or a podman that speaks its protocol."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docker.errors import DockerException  # type: ignore[import-untyped]
from testcontainers.community.kafka import KafkaContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host

from tests.support.kafka.errors import UnavailableError
from tests.support.kafka.settings import COMMON

if TYPE_CHECKING:
    from collections.abc import Iterator

# testcontainers' own default: the one its scripts are tried with.
_IMAGE = "confluentinc/cp-kafka:7.6.0"
_DEFAULT_ENGINE = "unix:///var/run/docker.sock"
_PING_TIMEOUT_S = 5
_START_TIMEOUT_S = 100
_THIS_MACHINE = {"localhost", "127.0.0.1"}


def image() -> str:
    """The image: one of Confluent's, or one with its scripts, of version 7.0.0 or later."""
    return os.environ.get("WINNOW_TEST_KAFKA_IMAGE") or _IMAGE


def engine_fault() -> str | None:
    """Why no container engine can be used; None if one answers."""
    url = urlsplit(get_docker_host() or _DEFAULT_ENGINE)
    try:
        # First: docker's client forgets to close a socket that finds nobody, which pytest takes for a fault.
        if url.scheme == "unix":
            _connect(url.path)
        client = DockerClient(timeout=_PING_TIMEOUT_S).client
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        return f"no container engine answers ({error})"
    return None


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PING_TIMEOUT_S)
        probe.connect(path)


@contextmanager
def opened() -> Iterator[str]:
    """A broker in a container; the value is its address.

    Raises:
        UnavailableError: No engine answers, or the image cannot be had or does not start.
    """
    if fault := engine_fault():
        raise UnavailableError(fault)
    with _container() as container:
        try:
            container.start(timeout=_START_TIMEOUT_S)
            bootstrap = container.get_bootstrap_server()
        except (DockerException, OSError, TimeoutError) as error:
            raise UnavailableError(f"{image()} does not start: {error}") from error
        yield bootstrap


@contextmanager
def _container() -> Iterator[KafkaContainer]:
    container = KafkaContainer(image()).with_kraft()
    for name, value in COMMON.items():
        container.with_env("KAFKA_" + name.replace(".", "_").upper(), value)
    if container.get_docker_client().host() in _THIS_MACHINE:
        # Else everybody in the network could use it; docker's client takes pairs, testcontainers passes them on.
        container.ports[str(container.port)] = ("127.0.0.1", None)  # type: ignore[assignment]
    try:
        yield container
    finally:
        # Also one that has not started; where ryuk runs, it removes what is left.
        with suppress(DockerException):
            container.stop()
