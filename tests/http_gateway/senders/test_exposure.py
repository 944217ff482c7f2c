from __future__ import annotations

from pathlib import Path

import pytest

from alerts.config import Gateway
from alerts.config_sources import Source
from alerts.errors import ConfigError
from connectors.configuration import load
from http_gateway.senders import exposure

COMPOSE = Path(__file__).parents[3] / "deploy" / "winnow.compose.yaml"
SOURCE = Source.model_validate({"name": "a", "addresses": ["10.0.0.0/8"]})


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1", "a.localhost:1"]
)
def test_loopback_addresses_need_no_sources(listen: str) -> None:
    exposure.check(Gateway(listen=listen))


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[fd00::1]:1", "[::ffff:10.0.0.1]:1", "host:1", "localhost.example:1"],
)
def test_other_addresses_need_sources_or_to_be_open(listen: str) -> None:
    with pytest.raises(ConfigError) as caught:
        exposure.check(Gateway(listen=listen))
    assert all(word in str(caught.value) for word in (listen, "WINNOW_LISTEN", "gateway.sources", "gateway.open: true"))
    exposure.check(Gateway(listen=listen, open=True))
    exposure.check(Gateway(listen=listen, sources=[SOURCE]))


def test_tls_that_asks_everybody_for_a_certificate_may_be_reached_by_others() -> None:
    files = {"cert_file": "c", "key_file": "k", "client_ca_file": "a"}
    exposure.check(Gateway.model_validate({"listen": "0.0.0.0:1", "tls": {**files, "client": "required"}}))
    with pytest.raises(ConfigError):
        exposure.check(Gateway.model_validate({"listen": "0.0.0.0:1", "tls": {**files, "client": "optional"}}))


def test_what_a_name_stands_for_counts() -> None:
    exposure.check(Gateway(listen="host:1"), "127.0.0.1")
    with pytest.raises(ConfigError):
        exposure.check(Gateway(listen="localhost:1"), "10.0.0.1")


def test_compose_file_lets_private_addresses_in_and_no_others() -> None:
    gateway = load(COMPOSE, {"PD_KEY": "x", "WINNOW_LISTEN": "0.0.0.0:8080"}).gateway
    exposure.check(gateway)
    assert all(network.is_private or network.is_loopback for source in gateway.sources for network in source.addresses)
    assert all(source.addresses for source in gateway.sources)
