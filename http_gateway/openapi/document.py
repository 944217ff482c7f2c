"""The gateway's OpenAPI document: made at the start, of the models that validate, for the paths that are there.

Each format describes itself: `BODIES` has what it takes by content type. One that does not is any JSON.
Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.described import Body, Schema, schemas
from alerts.formats import bodies
from http_gateway.openapi import models
from http_gateway.openapi import waiting as openapi_waiting
from http_gateway.openapi.security import requirements, schemes
from http_gateway.ops import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Gateway
    from http_gateway.entrance import Entrance

JSON = "application/json"

_ANY = Body(object, {})
_REFUSALS = {
    400: "VALIDATION_ERROR: not JSON, or no alert in it is valid",
    405: "METHOD_NOT_ALLOWED",
    408: "The request did not arrive in time",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMIT_ERROR: more than gateway.limits.rate allows, if it is set",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL_ERROR: a bug in Winnow, logged under the request id",
    503: "SERVICE_UNAVAILABLE: Kafka does not confirm, overload, or shutting down; send again",
    504: "TIMEOUT_ERROR: the body did not arrive in time",
}
_CLOSED = {
    401: "AUTHENTICATION_ERROR: nobody who may send",
    403: "AUTHORIZATION_ERROR: known, and may not send from there, or to there",
}
_HEADERS = {
    "X-Request-ID": {"description": "As sent, or made", "schema": {"type": "string"}},
    "X-Processing-Time": {"description": "How long it took", "schema": {"type": "string", "pattern": r"^[0-9.]+ms$"}},
}
_RETRY = {"Retry-After": {"description": "Seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
_ALLOW = {"Allow": {"description": "Methods", "schema": {"type": "string"}}}
_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Comes back in the answer and stands in the log; at most 128 printable ASCII characters.",
    "schema": {"type": "string"},
}


def document(entrances: Mapping[str, Entrance], settings: Gateway) -> Schema:
    """The document, as JSON values; `entrances` by their paths."""
    book = _Book()
    secured = requirements(settings)
    paths = {path: _way(path, way_in, book, secured) for path, way_in in entrances.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Winnow",
            "version": VERSION,
            "description": "Takes alerts. A 2xx means that they are in Kafka. Every error has the same shape.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {**paths, **_ops(book, settings, secured)},
        "components": {"schemas": book.shared, "securitySchemes": schemes(settings)},
    }


class _Book:
    """Describes types, and collects what they refer to."""

    def __init__(self) -> None:
        self.shared: dict[str, Schema] = {}

    def of(self, type_: object) -> Schema:
        (schema,), shared = schemas([type_])
        self.shared |= shared
        return schema

    def answer(self, text: str, type_: object, *headers: Mapping[str, Schema]) -> Schema:
        own = {name: header for some in headers for name, header in some.items()}
        return {
            "description": text,
            "headers": {**_HEADERS, **own},
            "content": {JSON: {"schema": self.of(type_)}},
        }

    def refusals(self, texts: Mapping[int, str]) -> dict[str, Schema]:
        more = {405: (_ALLOW,), 429: (_RETRY,), 503: (_RETRY,)}
        return {str(status): self.answer(text, models.Refused, *more.get(status, ())) for status, text in texts.items()}


def _way(path: str, way_in: Entrance, book: _Book, secured: list[Schema]) -> Schema:
    form = way_in.intake.form
    found = bodies(form)
    content = {kind: _content(found.get(kind, _ANY), book) for kind in sorted(kind.decode() for kind in way_in.types)}
    summary, _, about = (form.__doc__ or "").strip().partition("\n")
    operation = {
        "tags": ["alerts"],
        "summary": summary,
        "description": f"{about.strip()}\n\nBodies may come compressed: gzip, zstd.".strip(),
        "parameters": [_ID, *(openapi_waiting.PARAMETERS if way_in.may_wait else ())],
        "requestBody": {"required": True, "content": content},
        "responses": _answers(way_in, book, secured),
        **({"security": secured} if secured else {}),
    }
    name = path.strip("/").replace("/", "_").replace("-", "_")
    return {method.lower(): {"operationId": f"{method.lower()}_{name}", **operation} for method in way_in.methods}


def _answers(way_in: Entrance, book: _Book, secured: list[Schema]) -> Schema:
    all_stored, some_stored = way_in.intake.statuses
    answers = book.refusals(_REFUSALS | (_CLOSED if secured else {}))
    if str(some_stored) not in answers:
        answers[str(some_stored)] = book.answer("Some alerts are not valid; the others are stored", models.Accepted)
    answers[str(all_stored)] = book.answer("All alerts are stored", models.Accepted)
    if way_in.may_wait:
        for status, (text, type_) in openapi_waiting.ANSWERS.items():
            answers[str(status)] = book.answer(text, type_, openapi_waiting.HEADERS)
    return dict(sorted(answers.items()))


def _content(body: Body, book: _Book) -> Schema:
    examples = {word: {"value": value} for word, value in body.examples.items()}
    return {"schema": book.of(body.type_), **({"examples": examples} if examples else {})}


def _ops(book: _Book, settings: Gateway, secured: list[Schema]) -> Schema:
    """The paths for operators and machines."""
    not_ready = book.answer("It takes no alerts now", models.NotReady, _RETRY)
    healthy = {"200": book.answer("The process answers", models.Healthy)}
    ready = {"200": book.answer("It takes alerts", models.Ready), "503": not_ready}
    text = {"text/plain": {"schema": {"type": "string"}}}
    metrics: Schema = {"200": {"description": "Prometheus' text format", "headers": _HEADERS, "content": text}}
    closed = secured if not settings.open_metrics else []
    refusals = book.refusals(_CLOSED) if secured else {}
    if closed:
        metrics |= refusals
    status = {"200": book.answer("Status", models.Status), **refusals}
    html = {"text/html": {"schema": {"type": "string"}}}
    paths: dict[str, tuple[str, Schema, list[Schema]]] = {
        "/healthz": ("Whether the process answers", healthy, []),
        "/-/healthy": ("As Alertmanager's", healthy, []),
        "/readyz": ("Whether it takes alerts", ready, []),
        "/-/ready": ("As Alertmanager's", ready, []),
        "/metrics": ("What it counts", metrics, closed),
        "/api/v2/status": ("What Alertmanager's clients ask", status, secured),
        "/openapi.json": ("This document", {"200": book.answer("OpenAPI 3.1", dict[str, object])}, []),
        "/docs": ("It, to be read", {"200": {"description": "A page", "headers": _HEADERS, "content": html}}, []),
    }
    return {path: {"get": _op(path, *found, book)} for path, found in paths.items()}


def _op(path: str, summary: str, answers: Schema, secured: list[Schema], book: _Book) -> Schema:
    name = path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
    return {
        "operationId": f"get_{name}",
        "tags": ["operations"],
        "summary": summary,
        "parameters": [_ID],
        "responses": {**answers, **book.refusals({405: _REFUSALS[405]})},
        **({"security": secured} if secured else {}),
    }
