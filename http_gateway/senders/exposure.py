"""A gateway that asks nobody who they are is for its own machine."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from alerts.errors import ConfigError
from connectors import address

if TYPE_CHECKING:
    from alerts.config import Gateway


def check(settings: Gateway, host: str | None = None) -> None:
    """Refuse to listen where others reach it, if anybody could send.

    Args:
        settings: The gateway's.
        host: What the name in `listen` stands for, if that is known.

    Raises:
        ConfigError: It would.
    """
    if settings.sources or settings.open or asks_for_certificates(settings):
        return
    if _is_own(host or address.split(settings.listen)[0]):
        return
    raise ConfigError(
        f"gateway.listen (or WINNOW_LISTEN) is {settings.listen}, where others than this machine can reach it, and "
        "gateway.sources does not say who may send. Name them there (docs/senders.md), or listen on 127.0.0.1, or say "
        "gateway.open: true if something in front of it lets in only who may"
    )


def asks_for_certificates(settings: Gateway) -> bool:
    """Whether nobody comes in without a certificate that the client CA vouches for."""
    return settings.tls is not None and settings.tls.client == "required"


def _is_own(host: str) -> bool:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761, section 6.3
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
