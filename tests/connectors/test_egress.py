"""Where requests may go, tried through the Publisher: its event loop notes whom it would have connected to."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from alerts.config import Kafka
from connectors.egress_table import PRIVATE, refusal
from connectors.publish import Publisher
from connectors.request import Judgement
from connectors.targets import kinds
from tests.support.answers import http, target
from tests.support.build import delivery

if TYPE_CHECKING:
    from connectors.request import Sent

Tried = list[str]

# Host in the URL -> what it is called. Opened by `allow_private: true`:
INSIDE = {
    "127.0.0.1": "loopback", "127.255.255.254": "loopback", "[::1]": "loopback", "[0:0:0:0:0:0:0:1]": "loopback",
    "127\u30020\u30020\u30021": "loopback", "8.8.8.8@127.0.0.1": "loopback", "localhost": "loopback",
    "10.0.0.1": "private", "10.255.255.255": "private", "172.16.0.1": "private", "172.31.255.255": "private",
    "192.168.0.1": "private", "192.168.255.255": "private",
    "100.64.0.1": "shared (CGNAT)", "100.127.255.255": "shared (CGNAT)",
    "[fc00::1]": "unique local", "[fdff:ffff::1]": "unique local",
    "[::ffff:127.0.0.1]": "loopback in IPv4-mapped IPv6", "[::ffff:7f00:1]": "loopback in IPv4-mapped IPv6",
    "[::ffff:10.0.0.1]": "private in IPv4-mapped IPv6", "[64:ff9b::127.0.0.1]": "loopback in NAT64",
    "[64:ff9b::a00:1]": "private in NAT64", "[2002:7f00:1::1]": "loopback in 6to4",
    "[2002:c0a8:1::]": "private in 6to4",
}  # fmt: skip
# Nobody's receiver is there, and `allow_private` changes nothing:
NOWHERE = {
    "0.0.0.0": "unspecified", "0.1.2.3": "this network", "[::]": "unspecified",
    "169.254.1.1": "link-local", "[fe80::1]": "link-local", "[febf::1]": "link-local",
    "[fe80::1%25eth0]": "with a zone", "[fe80::1%eth0]": "with a zone", "[2001:4860:4860::8888%25eth0]": "with a zone",
    "[fec0::1]": "site-local",
    "169.254.169.254": "link-local", "[::ffff:169.254.169.254]": "link-local in IPv4-mapped IPv6",
    "[64:ff9b::a9fe:a9fe]": "link-local in NAT64", "[2002:a9fe:a9fe::]": "link-local in 6to4",
    "169.254.170.2": "link-local", "[fd00:ec2::254]": "cloud metadata", "[fd20:ce::254]": "cloud metadata",
    "100.100.100.200": "cloud metadata", "168.63.129.16": "cloud metadata", "192.0.0.192": "cloud metadata",
    "224.0.0.1": "multicast", "239.255.255.250": "multicast", "[ff02::1]": "multicast",
    "192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.1": "documentation",
    "[2001:db8::1]": "documentation", "[3fff::1]": "documentation",
    "198.18.0.1": "benchmark", "198.19.255.255": "benchmark", "[2001:2::1]": "benchmark",
    "240.0.0.1": "reserved", "255.255.255.255": "broadcast", "[4000::1]": "reserved", "[::2:0:0:1]": "reserved",
    "192.0.0.1": "protocol assignments", "[2001:1::1]": "protocol assignments", "192.88.99.1": "6to4 relay",
    "192.31.196.1": "AS112", "192.52.193.1": "AMT", "192.175.48.1": "AS112", "[2620:4f:8000::1]": "AS112",
    "[::127.0.0.1]": "IPv4-compatible", "[::8.8.8.8]": "IPv4-compatible", "[64:ff9b:1::7f00:1]": "local NAT64",
    "[64:ff9b:1::808:808]": "local NAT64", "[2001:0:808:808::f5f5:f5f5]": "Teredo", "[100::1]": "discard",
}  # fmt: skip
# Other ways to write 127.0.0.1, 10.0.0.1 and 169.254.169.254, which programs read in different ways.
ODD = [
    "0x7f000001", "0x7F000001", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.0.0x1", "0x7f.1", "127%2e0.0.1", "127.0x1",
    "0xa.1", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1",
    "2852039166", "169.254.43518", "0",
    "127.0.0.1.", "127.0.0.01", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1",
    "256.0.0.1", "4294967297",
]  # fmt: skip


class NoOne(asyncio.SelectorEventLoop):
    """Connects to nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.tried: Tried = []

    async def sock_connect(self, _: socket.socket, address: tuple[str, int]) -> None:  # type: ignore[override]
        self.tried.append(f"{address[0]} {address[1]}")
        raise ConnectionRefusedError(111, "nobody is there")


class Names(AbstractResolver):
    """A DNS server that knows one answer."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        families = {one: socket.AF_INET6 if ":" in one else socket.AF_INET for one in self._addresses}
        return [
            ResolveResult(hostname=host, host=one, port=port, family=families[one], proto=0, flags=0)
            for one in self._addresses
        ]

    async def close(self) -> None:
        return


def ask(url: str, *, allow_private: bool = False, names: AbstractResolver | None = None) -> tuple[Sent, Tried]:
    """What one try comes to, and the addresses it was about to connect to."""
    settings = {"name": "hook", "url": url, "allow_private": allow_private}
    hook = kinds()["webhook"].Config.model_validate(settings)

    async def go() -> Sent:
        publisher = Publisher([hook], Kafka(), names)
        try:
            return await publisher.send([delivery(target="hook")])
        finally:
            await publisher.close()

    with asyncio.Runner(loop_factory=NoOne) as runner:
        sent = runner.run(go())
        loop = runner.get_loop()
        assert isinstance(loop, NoOne)
        return sent, loop.tried


@pytest.mark.parametrize(("host", "kind"), (INSIDE | NOWHERE).items(), ids=ascii)
def test_address_is_refused_by_its_kind_and_nothing_connects(host: str, kind: str) -> None:
    sent, tried = ask(f"https://{host}/hook")
    assert sent.judgement is Judgement.REFUSED
    assert f"address refused ({kind})" in sent.error
    assert tried == []


@pytest.mark.parametrize("host", ODD, ids=ascii)
def test_ipv4_that_is_not_four_decimal_numbers_is_refused_whatever_is_allowed(host: str) -> None:
    for allow_private in (False, True):
        sent, tried = ask(f"http://{host}/hook", allow_private=allow_private)
        assert sent.judgement is Judgement.REFUSED
        assert "four decimal numbers" in sent.error
        assert tried == []


@pytest.mark.parametrize("host", INSIDE, ids=ascii)
def test_allow_private_opens_what_is_inside(host: str) -> None:
    sent, tried = ask(f"http://{host}:9093/hook", allow_private=True)
    assert sent.judgement is Judgement.RETRY
    assert tried
    assert all(one.endswith(" 9093") for one in tried)


@pytest.mark.parametrize("host", NOWHERE, ids=ascii)
def test_allow_private_opens_nothing_else(host: str) -> None:
    sent, tried = ask(f"http://{host}/hook", allow_private=True)
    assert sent.judgement is Judgement.REFUSED
    assert "no target may be there" in sent.error
    assert tried == []


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "172.15.255.255", "172.32.0.1", "100.128.0.1", "223.255.255.255", "[2606:4700::1111]",
     "[64:ff9b::8.8.8.8]", "[::ffff:8.8.8.8]", "[2002:808:808::1]"],
)  # fmt: skip
def test_public_address_is_open(host: str) -> None:
    sent, tried = ask(f"https://{host}/hook")
    assert sent.judgement is Judgement.RETRY
    assert [one.rpartition(" ")[2] for one in tried] == ["443"]


@pytest.mark.parametrize("address", [host.strip("[]").replace("%25", "%") for host in NOWHERE | INSIDE], ids=ascii)
def test_name_that_resolves_to_such_an_address_is_refused(address: str) -> None:
    sent, tried = ask("https://hooks.example.com/", names=Names(address))
    assert sent.judgement is Judgement.REFUSED
    assert tried == []


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "fd00::1", "169.254.169.254", "64:ff9b::7f00:1"])
def test_name_with_a_public_and_a_private_address_is_reached_at_the_public_one_only(inside: str) -> None:
    for addresses in (("8.8.8.8", inside), (inside, "8.8.8.8")):
        sent, tried = ask("https://hooks.example.com/", names=Names(*addresses))
        assert sent.judgement is Judgement.RETRY
        assert tried == ["8.8.8.8 443"]


def test_name_with_several_private_addresses_is_refused_for_good() -> None:
    sent, tried = ask("https://hooks.example.com/", names=Names("127.0.0.1", "::1", "10.0.0.1"))
    assert sent.judgement is Judgement.REFUSED
    assert tried == []


def test_refusal_names_no_address_and_no_url() -> None:
    sent, _ = ask("https://hooks.example.com/canary-secret", names=Names("10.1.2.3"))
    assert "10.1.2.3" not in sent.error
    assert "example.com" not in sent.error
    assert "canary-secret" not in sent.error


def test_allow_private_opens_only_what_is_called_private() -> None:
    opened = {host for host in INSIDE | NOWHERE if (found := refusal(host.strip("[]"))) and found.can_be_allowed}
    assert {kind.split(" in ")[0] for host, kind in INSIDE.items() if host in opened} == PRIVATE
    assert not opened & set(NOWHERE)


def test_proxy_that_the_environment_names_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://9.9.9.9:3128")
    _, tried = ask("http://8.8.8.8:8080/hook")
    assert tried == ["8.8.8.8 8080"]


def test_redirect_to_a_private_address_is_not_followed() -> None:
    async def go() -> tuple[Sent, list[bytes]]:
        async with target([http(200)]) as (inside, visits), target([http(307, f"location: {inside}/\r\n")]) as (url, _):
            hook = kinds()["webhook"].Config.model_validate({"name": "hook", "url": url, "allow_private": True})
            publisher = Publisher([hook], Kafka())
            sent = await publisher.send([delivery(target="hook")])
            await publisher.close()
            return sent, visits

    sent, visits = asyncio.run(go())
    assert (sent.judgement, sent.status) == (Judgement.REFUSED, 307)
    assert visits == []
