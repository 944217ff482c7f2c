"""Hosts for the processes of a cluster: network namespaces of this machine, joined by a bridge."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
# With Linux's 15 a quarter of an hour goes by before a connection to a host that is gone breaks, with 6 half a minute.
_TCP_RETRIES = 6


class Host(NamedTuple):
    """Where a process can run."""

    address: str
    enter: tuple[str, ...] = ()
    """What a command line begins with to run there."""
    link: str = ""
    """What joins it to the others; empty: nothing does."""

    def cut_off(self) -> None:
        """Let nothing through to it or from it; no connection is told."""
        _ip("link", "set", self.link, "down")

    def join(self) -> None:
        """Let everything through again."""
        _ip("link", "set", self.link, "up")


class Hosts(NamedTuple):
    """Some that reach each other, and this one."""

    here: str
    """The address at which they reach what runs beside this process."""
    others: tuple[Host, ...]
    lack: str = ""
    """Why they are no hosts of their own, if they are not."""


ALONE = Hosts(LOOPBACK, (Host(LOOPBACK),))
"""All runs on this one."""


@contextmanager
def opened(count: int) -> Iterator[Hosts]:
    """So many network namespaces, gone with the context; where none can be made, this host so many times."""
    with ExitStack() as stack:
        try:
            hosts = _separate(stack, count)
        except (OSError, subprocess.CalledProcessError) as error:
            stack.close()
            text = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else f"{error}"
            hosts = Hosts(LOOPBACK, (Host(LOOPBACK),) * count, text)
        yield hosts


def _separate(stack: ExitStack, count: int) -> Hosts:
    # The process id keeps two runs on one machine apart: names, and networks of 10.64.0.0/10.
    pid = os.getpid()
    bridge = f"wn{pid}"
    network = f"10.{64 + (pid >> 8) % 64}.{pid % 256}"
    _ip("link", "add", bridge, "type", "bridge")
    stack.callback(_ip, "link", "del", bridge)
    _ip("address", "add", f"{network}.1/24", "dev", bridge)
    _ip("link", "set", bridge, "up")
    others = []
    for number in range(count):
        name = f"{bridge}-{number}"
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        # A namespace takes its links along, but a moment later.
        stack.callback(_ip, "link", "del", name)
        _ip("link", "set", name, "master", bridge, "up")
        host = Host(f"{network}.{number + 2}", ("ip", "netns", "exec", name), name)
        _ip("netns", "exec", name, "sysctl", "-qw", f"net.ipv4.tcp_retries2={_TCP_RETRIES}")
        _ip("-n", name, "address", "add", f"{host.address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            _ip("-n", name, "link", "set", link, "up")
        others.append(host)
    return Hosts(f"{network}.1", tuple(others))


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
