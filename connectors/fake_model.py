"""A fake language model, for trying out and for tests: it looks for words, and says that it is one."""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, NamedTuple

from connectors.threaded import Threaded

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

NAME = "winnow-fake-model"

_BODY_MAX_BYTES = 4 * 1024**2
# As `alerts/prompt.py` writes it.
_DATA = re.compile(r"<alert-([0-9a-f]{16})>\n(.*)\n</alert-\1>", re.DOTALL)

Fields = dict[str, object]
"""What stands in JSON."""


class Opinion(NamedTuple):
    """What the fake model takes an alert for, by a word in it."""

    words: str
    severity: str
    category: str
    advice: str


OPINIONS = (
    Opinion("checkout payment", "critical", "application", "See whether customers can pay"),
    Opinion("postgres mysql database", "critical", "database", "Look at the primary and at its replicas"),
    Opinion("backup", "warning", "operations", "Start the backup by hand and read its log"),
    Opinion("certificate", "warning", "security", "Renew the certificate"),
    Opinion("disk filesystem volume", "warning", "storage", "Find what fills the disk"),
    Opinion("cpu memory latency", "warning", "performance", "Compare with the same hour of yesterday"),
    Opinion("test watchdog", "noise", "testing", "Nothing"),
)
_NONE = Opinion("nothing it knows", "info", "general", "Write a rule for it")
_LEVELS = {"noise": 1, "info": 2, "warning": 3, "critical": 4}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def prompt(self) -> str:
        """All that the model is told, as one text."""
        fields = self.fields()
        messages = fields.get("messages")
        if isinstance(messages, list):
            return "\n".join(str(one.get("content")) for one in messages if isinstance(one, dict))
        return json.dumps(fields.get("alert", {}), ensure_ascii=False)

    def alert(self) -> Fields:
        """Labels and annotations of the template that is asked about; empty if there is none."""
        found = _DATA.search(self.prompt())
        told = _object(found[2]) if found else self.fields().get("alert")
        return told if isinstance(told, dict) else {}

    def fields(self) -> Fields:
        """The body, if it is a JSON object."""
        return _object(self.body)


class Answered(NamedTuple):
    """What is answered."""

    status: int
    parts: Iterable[bytes]
    headers: dict[str, str]
    """With a content-length, or the connection is closed after the body."""


class FakeModel(Threaded):
    """The server. A subclass can answer otherwise.

    The API's paths are put behind its `url`: `/v1` for OpenAI's, nothing for `/classify`.
    """

    def __init__(self, listen: str = "127.0.0.1:0", tls: ssl.SSLContext | None = None) -> None:
        """Start to listen, in threads of its own.

        Raises:
            ConfigError: It cannot listen there.
        """

        class Conversation(_Conversation):
            model = self

        super().__init__(listen, Conversation, tls)

    def respond(self, asked: Asked) -> Answered:
        """The answer to one request; called by many threads at once."""
        path = asked.path.partition("?")[0]
        if path.endswith("/models"):
            return as_json({"object": "list", "data": [{"id": NAME, "object": "model", "owned_by": "winnow"}]})
        if path.endswith("/chat/completions"):
            return as_json(completion(asked, json.dumps(judged(asked.alert()))))
        if path.endswith("/classify"):
            return as_json(classification(judged(asked.alert())))
        return as_json({"error": {"message": "POST /v1/chat/completions, POST /classify or GET /v1/models"}}, 404)


def judged(alert: Fields) -> Fields:
    """What the fake model says of an alert: what stands in `OPINIONS` for the first word that is found in it."""
    text = json.dumps(alert).lower()
    found = ((word, one) for one in OPINIONS for word in one.words.split() if word in text)
    word, opinion = next(found, (_NONE.words, _NONE))
    return {
        "severity": opinion.severity,
        "category": opinion.category,
        "confidence": 0.5 if opinion is _NONE else 0.9,
        "reasoning": f"Winnow's fake model found {word!r} in it, and knows no more than that.",
        "recommendations": [opinion.advice],
    }


def completion(asked: Asked, text: str) -> Fields:
    """A chat completion that replies with `text`."""
    used, replied = len(asked.body) // 4, len(text) // 4
    usage = {"prompt_tokens": used, "completion_tokens": replied, "total_tokens": used + replied}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "fake", "object": "chat.completion", "model": NAME, "choices": [choice], "usage": usage}


def classification(said: Fields) -> Fields:
    """The same in the protocol of the earlier alert-history-service."""
    fields = {name: said.get(name) for name in ("category", "confidence", "reasoning")}
    level = _LEVELS.get(str(said.get("severity")), 0)
    summary = f"{said.get('severity')}, {said.get('category')}"
    told = {**fields, "severity": level, "summary": summary, "suggestions": said.get("recommendations")}
    return {"classification": told, "request_id": "fake", "processing_time": "1ms", "error": ""}


def as_json(fields: Fields, status: int = 200) -> Answered:
    """An answer that holds these."""
    return whole(json.dumps(fields).encode(), status)


def whole(body: bytes, status: int = 200) -> Answered:
    """An answer that holds this, and says how long it is."""
    return Answered(status, [body], {"content-type": "application/json", "content-length": str(len(body))})


def _object(text: str | bytes) -> Fields:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


class _Conversation(BaseHTTPRequestHandler):
    """One connection."""

    model: FakeModel
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 600

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > _BODY_MAX_BYTES:
            # What the client still sends would be taken for the next request.
            self.close_connection = True
            self._answer(as_json({"error": {"message": "too large"}}, 413))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._answer(self.model.respond(Asked(self.command, self.path, headers, self.rfile.read(int(length)))))

    do_GET = do_POST  # noqa: N815 the library's spelling

    def _answer(self, answer: Answered) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "content-length" not in answer.headers:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for part in answer.parts:
            self.wfile.write(part)
            self.wfile.flush()
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Say nothing."""
