from __future__ import annotations

import pytest

from alerts.errors import ConfigError
from connectors import address
from connectors.inbox import Inbox


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:80", "http://127.0.0.1:80/x"),
        ("0.0.0.0:80", "http://127.0.0.1:80/x"),
        ("[::]:80", "http://[::1]:80/x"),
        ("localhost:80", "http://localhost:80/x"),
    ],
)
def test_url_is_how_the_same_machine_reaches_it(listen: str, url: str) -> None:
    assert address.url(listen, "/x") == url


@pytest.mark.parametrize("listen", ["", "host", ":80", "host:", "host:x", "host:65536", "host:²"])
def test_anything_but_host_and_port_is_refused(listen: str) -> None:
    with pytest.raises(ConfigError, match="expected HOST:PORT"):
        address.split(listen)


def test_taken_port_is_named_with_the_setting() -> None:
    with Inbox("127.0.0.1:0", lambda *_: None) as other:
        listen = other.url.removeprefix("http://")
        with pytest.raises(ConfigError, match=rf"port {listen[10:]} on 127\.0\.0\.1 is taken.*set X"):
            address.ensure_free(listen, "set X")


def test_address_of_another_machine_cannot_be_listened_on() -> None:
    # TEST-NET-1, https://www.rfc-editor.org/rfc/rfc5737: on no machine.
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:80"):
        address.ensure_free("192.0.2.1:80", "set X")


def test_free_port_passes() -> None:
    address.ensure_free("127.0.0.1:0", "set X")
