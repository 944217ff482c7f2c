"""An HTTP server that takes whatever targets are sent and answers as the real ones do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, NamedTuple

from connectors.arrival import Arrival, arrival
from connectors.threaded import Threaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

# Far above what any target accepts; it bounds what a mistaken client can make the receiver hold.
BODY_MAX_BYTES = 64 * 1024**2
# A connection that is silent for longer is closed; targets keep theirs open between alerts.
_SILENCE_MAX_S = 600


class Reply(NamedTuple):
    """What is answered."""

    status: int
    content_type: str
    body: bytes


def reply(taken: Arrival) -> Reply:
    """What the real target answers when it has accepted a request.

    Sources: https://developer.pagerduty.com/docs/send-alert-event, https://api.slack.com/messaging/webhooks
    """
    if taken.kind == "pagerduty":
        key = taken.notifications()[0].key
        told = {"status": "success", "message": "Event processed", "dedup_key": key}
        return Reply(202, "application/json", json.dumps(told).encode())
    if taken.kind == "slack":
        return Reply(200, "text/plain", b"ok")
    return Reply(200, "application/json", b"" if taken.kind == "alertmanager" else b"{}")


class Inbox(Threaded):
    """The server."""

    def __init__(
        self,
        listen: str,
        show: Callable[[Arrival, int], None],
        *,
        status: int | None = None,
        delay: timedelta | None = None,
    ) -> None:
        """Start to listen, in threads of its own.

        Args:
            listen: HOST:PORT; port 0 lets the kernel pick one.
            show: Called with each request and the status it gets, by one thread at a time, before the answer.
            status: Answer all with this instead of what the real target answers.
            delay: Wait this long before each answer.

        Raises:
            ConfigError: It cannot listen there.
        """
        self._show, self._status = show, status
        self._delay_s = delay.total_seconds() if delay else 0.0
        self._turn = threading.Lock()

        class Conversation(_Conversation):
            taker = self

        super().__init__(listen, Conversation)

    def take(self, taken: Arrival) -> Reply:
        """Show one request; what to answer it, after the delay."""
        answer = reply(taken)
        if self._status is not None:
            # 204 and 304 have no body: https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
            body = b"" if self._status in {204, 304} else b"as told\n"
            answer = Reply(self._status, "text/plain", body)
        with self._turn:
            self._show(taken, answer.status)
        self.closing.wait(self._delay_s)
        return answer


class _Conversation(BaseHTTPRequestHandler):
    """One connection."""

    taker: Inbox
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body of an answer leave in one packet.
    wbufsize = -1
    timeout = _SILENCE_MAX_S

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._refuse(411, b"expected a Content-Length\n")
        elif int(length) > BODY_MAX_BYTES:
            self._refuse(413, b"too large\n")
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(length))
            self._answer(self.taker.take(arrival(self.command, self.path, headers, body)))

    do_PUT = do_POST  # noqa: N815 the library's spelling

    def do_GET(self) -> None:
        self._answer(Reply(200, "text/plain", b"winnow receiver: POST here\n"))

    def _refuse(self, status: int, why: bytes) -> None:
        # What the client still sends would be taken for the next request.
        self.close_connection = True
        self._answer(Reply(status, "text/plain", why))

    def _answer(self, answer: Reply) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Say nothing: requests are shown by `show`."""
