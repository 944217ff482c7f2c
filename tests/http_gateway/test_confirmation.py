"""Confirming a subscription: a request that goes nowhere but out, and whose address nobody sees."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from connectors import egress
from http_gateway.answers import RefusedError
from http_gateway.confirmation import confirm
from tests.support.product import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp


@contextmanager
def _amazon(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every GET so, and what it was asked for."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def _near() -> aiohttp.ClientSession:
    return egress.session(allow_private=True)


def _refused(url: str) -> tuple[RefusedError, str]:
    with capture_logs() as logs, pytest.raises(RefusedError) as refused:
        asyncio.run(confirm(url, "topic", _near))
    return refused.value, str(logs)


def test_address_is_visited_as_it_was_given_and_not_logged() -> None:
    with _amazon() as (url, asked), capture_logs() as logs:
        asyncio.run(confirm(f"{url}/?Action=ConfirmSubscription&Token=t%3Aken", "topic", _near))
    assert asked == ["/?Action=ConfirmSubscription&Token=t%3Aken"]
    assert logs == [{"event": "subscription_confirmed", "log_level": "info", "what": "topic"}]


def test_confirmation_that_is_not_answered_well_is_asked_for_again() -> None:
    with _amazon(500) as (url, _):
        error, logs = _refused(f"{url}/?Token=secret")
    assert (error.status, str(error)) == (503, "the subscription could not be confirmed: answered 500")
    assert "secret" not in logs


def test_confirmation_without_an_answer_is_asked_for_again() -> None:
    error, logs = _refused(f"http://127.0.0.1:{free_port()}/?Token=secret")
    assert error.status == 503
    assert "secret" not in str(error) + logs


def test_redirect_is_not_followed() -> None:
    with _amazon(302) as (url, asked):
        error, _ = _refused(f"{url}/")
    assert "answered 302" in str(error)
    assert asked == ["/"]


def test_private_address_is_not_visited() -> None:
    with _amazon() as (url, asked), pytest.raises(RefusedError) as refused:
        asyncio.run(confirm(f"{url}/", "topic"))
    assert (refused.value.status, asked) == (503, [])
