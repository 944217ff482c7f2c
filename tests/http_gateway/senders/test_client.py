from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from http_gateway.senders.client import Clients, Networks, parse

TRUSTED = [ipaddress.ip_network(network) for network in ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")]


def found(peer: str | None, *lines: str) -> str:
    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"client": None if peer is None else (peer, 1), "headers": [(b"host", b"x"), *headers]}
    return str(Clients(TRUSTED).address(scope))


@pytest.mark.parametrize(
    ("peer", "lines", "address"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        # Nobody else is believed.
        ("198.51.100.7", ["192.0.2.9"], "198.51.100.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        # What stands left of the first stranger, the stranger has written.
        ("10.0.0.1", ["192.0.2.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["192.0.2.9, 198.51.100.7, 10.9.9.9, fd00::1"], "198.51.100.7"),
        ("10.0.0.1", ["192.0.2.9", "198.51.100.7", "10.9.9.9"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("fd00::2", ["[2001:db8::5]:4711"], "2001:db8::5"),
        ("fd00::2", ["2001:db8::5"], "2001:db8::5"),
        ("fd00::2", ["[2001:db8::5]"], "2001:db8::5"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["[::ffff:10.2.3.4]:1, 198.51.100.7"], "198.51.100.7"),
        # Nobody can say who that is.
        ("10.0.0.1", ["198.51.100.7, unknown"], "None"),
        ("10.0.0.1", ["198.51.100.7, "], "None"),
        ("10.0.0.1", [""], "None"),
        ("10.0.0.1", ["198.51.100.7, 010.0.0.1"], "None"),
        ("10.0.0.1", ["198.51.100.7, " + "1" * 5000], "None"),
        (None, ["198.51.100.7"], "None"),
    ],
)
def test_address_is_the_last_one_no_trusted_proxy_has(peer: str | None, lines: list[str], address: str) -> None:
    assert found(peer, *lines) == address


def test_without_trusted_proxies_the_header_is_not_looked_at() -> None:
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"192.0.2.9")]}
    assert str(Clients([]).address(scope)) == "10.0.0.1"


def test_address_that_nobody_knows_is_in_no_network() -> None:
    everywhere = Networks([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])
    assert parse("192.0.2.9") in everywhere
    assert parse("::1") in everywhere
    assert None not in everywhere


HEADER = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from(["10.0.0.1", "unknown", "", " ", "[::1", "::ffff:10.0.0.1", "1.2.3.4:"])).map(
        lambda parts: ",".join(parts).encode()
    ),
)


@given(st.lists(HEADER, max_size=4))
def test_no_header_of_a_stranger_makes_another_of_it(lines: list[bytes]) -> None:
    scope = {"client": ("198.51.100.7", 1), "headers": [(b"x-forwarded-for", line) for line in lines]}
    assert str(Clients(TRUSTED).address(scope)) == "198.51.100.7"


@given(st.lists(HEADER, max_size=4))
def test_whatever_a_stranger_writes_a_proxy_adds_its_address_to(lines: list[bytes]) -> None:
    added = [*lines, b"198.51.100.7"]
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", line) for line in added]}
    assert str(Clients(TRUSTED).address(scope)) == "198.51.100.7"
