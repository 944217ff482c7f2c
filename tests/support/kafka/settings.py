"""How a broker of one node is configured for tests."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

COMMON: dict[str, str] = {
    "auto.create.topics.enable": "false",
    "broker.heartbeat.interval.ms": "200",
    # After kill -9 a new start waits for the session of the former self.
    "broker.session.timeout.ms": "2000",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.replication.factor": "1",
}
"""What every broker for tests has, in jars or in a container."""


def properties(host: str, port: int, controller_port: int, data: Path) -> str:
    """The text of server.properties for a broker that is its own controller, at this address only."""
    own = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "log.dirs": str(data),
    }
    return "".join(f"{name}={value}\n" for name, value in (own | COMMON).items())


def cluster_id() -> str:
    """A new id; never one that begins with `-`, which the format tool takes for an option."""
    return "W" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
