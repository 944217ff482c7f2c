"""What the gateway's main process tells a relay."""

from pathlib import Path

from alerts.config_section import Section
from alerts.config_tls import Tls


class Orders(Section):
    """Goes as JSON in its argument, and holds no secret."""

    tls: Tls
    connections: int
    """How many may be open at a time."""
    silent_s: float
    """How long a sender may say nothing after the handshake."""
    number: int
    """From 0 on; a relay that follows a dead one gets its number."""
    listener: int
    """File descriptor of the socket senders come to."""
    folder: Path
    """Private: sockets and counts lie there."""
    config_folder: Path
    """Where the relative paths of `tls` start."""
