"""The name of a connection's end tells who the sender is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from http_gateway.senders.peer import Identity
from http_gateway.tls.names import Sender, Verified, name, plain, sender, write

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_V6 = "fd00:1111:2222:3333:4444:5555:6666:7777"


@pytest.mark.parametrize("host", ["203.0.113.9", "::1", LONGEST_V6])
def test_name_tells_the_address(tmp_path: Path, host: str) -> None:
    told = name("0badcafe1", (host, 54321), is_verified=False)
    assert sender(str(tmp_path / told)) == Sender((host, 54321), None)


def test_name_fits_into_a_sockets_path() -> None:
    """`front` leaves 68 characters for it: unix(7)."""
    assert len("/" + name("f" * 8 + "f" * 12, (LONGEST_V6, 65535), is_verified=True)) <= 68


def test_name_of_a_verified_sender_tells_what_its_certificate_says(tmp_path: Path) -> None:
    verified = Verified(Identity("CN=am,O=Ex", ("dns:am.example.com",)), 1_795_489_200)
    path = tmp_path / name("0badcafe1", ("::1", 1), is_verified=True)
    write(path, verified)
    assert sender(str(path)) == Sender(("::1", 1), verified.identity, verified.until_s)


def test_verified_sender_of_whom_nothing_is_known_any_more_is_nobody(tmp_path: Path) -> None:
    assert sender(str(tmp_path / name("0badcafe1", ("::1", 1), is_verified=True))) is None


@pytest.mark.parametrize("path", ["", "/tmp/winnow-x/inner0", "127.0.0.1", "c", "c1-x-::1", "x1-1-::1", "/a/c1"])
def test_name_that_no_relay_gave_is_nobody(path: str) -> None:
    assert sender(path) is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_address_is_written_as_the_sender_has_it(given: str, told: str) -> None:
    assert plain(given) == told
