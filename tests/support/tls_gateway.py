"""A gateway that speaks TLS, and senders of it."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.gateway import Gateway

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.config import Kafka
    from tests.support.certificates import Authority, Pair

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


class TlsGateway(Gateway):
    """`python -m http_gateway` with `gateway.tls`."""

    def __init__(self, folder: Path, kafka: Kafka, authority: Authority, sources: object = None, **given: Any) -> None:
        """Write its configuration.

        Args:
            folder: For its files.
            kafka: Where it writes.
            authority: Issues its certificate.
            sources: Those of `gateway.sources`; None: none.
            given: Settings of `gateway.tls`; as `settings`, others of `gateway`.
        """
        self.pair = authority.issue("server", "localhost", "127.0.0.1", "::1")
        self.authority = authority
        others = given.pop("settings", {})
        tls = {"cert_file": str(self.pair.cert), "key_file": str(self.pair.key), **given}
        super().__init__(folder, kafka, tls=tls, sources=sources, open_metrics=True, **others)
        self.url = f"https://localhost:{self.port}"
        self.use(None)

    def use(self, client: Pair | None) -> None:
        """Send with another certificate from now on."""
        self.client.close()
        self.client = self.sender(client)

    def sender(self, client: Pair | None = None, comes_from: str | None = None) -> httpx.Client:
        """An HTTP client of its own."""
        transport = httpx.HTTPTransport(verify=self.authority.context(client), local_address=comes_from)
        return httpx.Client(base_url=self.url, timeout=20, transport=transport)

    @contextmanager
    def shaken(
        self, context: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None
    ) -> Iterator[ssl.SSLSocket]:
        """A connection whose handshake is done; one that goes on with an earlier session, if it is given."""
        with self.connected() as plain:
            chosen = context or self.authority.context()
            with chosen.wrap_socket(plain, server_hostname="localhost", session=session) as wrapped:
                yield wrapped

    def count(self, metric: str) -> float:
        """A number of /metrics."""
        lines = [line for line in self.client.get("/metrics").text.splitlines() if line.startswith(metric + " ")]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    def handshakes(self, result: str) -> float:
        """How many ended so."""
        return self.count(f'winnow_tls_handshakes_total{{result="{result}"}}')

    def serial(self) -> int:
        """The serial number of the certificate it shows."""
        with self.shaken() as connection:
            return int(str((connection.getpeercert() or {})["serialNumber"]), 16)


@contextmanager
def tls_gateway(
    folder: Path, kafka: Kafka, authority: Authority, sources: object = None, **given: Any
) -> Iterator[TlsGateway]:
    """A running gateway that is ready; its `client` shows the certificate `shows`."""
    shows = given.pop("shows", None)
    made = TlsGateway(folder, kafka, authority, sources, **given)
    made.use(shows)
    made.start()
    try:
        made.await_ready()
        yield made
    finally:
        made.close()


def received(connection: socket.socket) -> bytes:
    """Everything until the other side closes; what it said last if it resets."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except (ConnectionResetError, ssl.SSLError):
        pass
    return b"".join(parts)
