"""Behind a relay, a sender's address is still its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.certificates import Authority
from tests.support.gateway import PROXY, alert, webhook
from tests.support.tls_gateway import TlsGateway

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Kafka
    from connectors.kafka.embedded import EmbeddedBroker

BODY = webhook(alert())


@pytest.mark.parametrize(
    ("listen", "comes_from", "allowed", "status"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", 202),
        ("127.0.0.1", "127.0.0.9", "127.0.0.9", 202),
        ("127.0.0.1", "127.0.0.1", "127.0.0.9", 401),
        ("[::1]", "::1", "::1", 202),
        ("[::1]", "::1", "::2", 401),
        # An IPv6 socket that takes IPv4 too sees the sender as ::ffff:127.0.0.9.
        ("[::]", "127.0.0.9", "127.0.0.9", 202),
    ],
)
def test_address_a_source_may_come_from_is_the_senders(
    embedded: tuple[EmbeddedBroker, Kafka], tmp_path: Path, listen: str, comes_from: str, allowed: str, status: int
) -> None:
    made = TlsGateway(tmp_path, embedded[1], Authority(tmp_path), [{"name": "one", "addresses": [allowed]}])
    made.environ["WINNOW_LISTEN"] = f"{listen}:{made.port}"
    made.url = f"https://{'[::1]' if ':' in comes_from else '127.0.0.1'}:{made.port}"
    made.use(None)
    made.start()
    try:
        made.await_ready()
        with made.sender(comes_from=comes_from) as sender:
            assert sender.post(PROXY, content=BODY).status_code == status
    finally:
        made.close()
