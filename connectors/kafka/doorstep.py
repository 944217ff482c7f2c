"""Why no broker answers: how far one gets on the way to it."""

from __future__ import annotations

import socket
from enum import Enum
from typing import NamedTuple

_PORT = 9092
"""librdkafka's, where an address names none."""


class Got(Enum):
    """How far one got; the furthest last."""

    NO_NAME = "its name has no address"
    NO_WAY = "nothing answers there"
    NOBODY = "nobody listens there (connection refused)"
    SOMEBODY = "somebody listens there, but does not answer as a Kafka does"


class Reached(NamedTuple):
    """What was found at one of the addresses."""

    address: str
    got: Got


def furthest(bootstrap: str, timeout_s: float) -> Reached:
    """How far one gets with the best of the addresses, within about `timeout_s`; nothing is sent there."""
    addresses = [one.strip() for one in bootstrap.split(",") if one.strip()] or [bootstrap]
    found = [Reached(one, _got(one, timeout_s / len(addresses))) for one in addresses]
    order = list(Got)
    return max(found, key=lambda one: order.index(one.got))


def _got(address: str, timeout_s: float) -> Got:
    host, _, port = address.rpartition(":") if address.rpartition(":")[2].isdigit() else (address, "", str(_PORT))
    try:
        socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), timeout_s).close()
    except (socket.gaierror, UnicodeError):
        return Got.NO_NAME
    except ConnectionRefusedError:
        return Got.NOBODY
    except (OSError, OverflowError):
        return Got.NO_WAY
    return Got.SOMEBODY
