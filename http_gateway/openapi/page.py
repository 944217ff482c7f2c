"""The OpenAPI document as a page to be read: made here, so it needs no script and nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from typing import TYPE_CHECKING

from alerts.described import REF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.described import Schema

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem;max-height:30rem}
section{border-top:1px solid #8886}
summary{cursor:pointer;padding:.4rem 0}
b{display:inline-block;min-width:3.5rem}
table{border-collapse:collapse}
td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
"""
_REF = re.compile(re.escape(REF.format(model="")) + r"[\w.-]+")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The page may use its own style and nothing else: no script, no image, no request."""


def render(document: Schema) -> str:
    """The page."""
    info = document["info"]
    schemes = document["components"]["securitySchemes"]
    title = escape(f"{info['title']} {info['version']}")
    return "".join(
        [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{escape(info['description'])}</p>",
            '<p>For machines: <a href="openapi.json">openapi.json</a></p><h2>Paths</h2>',
            *(part for path, methods in document["paths"].items() for part in _path(path, methods)),
            "<h2>Who may send</h2>" + (_json(schemes) if schemes else "<p>Anybody who can connect.</p>"),
            "<h2>Schemas</h2>",
            *(_folded(f"<code>{escape(name)}</code>", _named(name, one)) for name, one in _schemas(document)),
            "</body></html>",
        ]
    )


def _schemas(document: Schema) -> Iterator[tuple[str, Schema]]:
    yield from sorted(document["components"]["schemas"].items())


def _path(path: str, methods: Schema) -> Iterator[str]:
    for method, operation in methods.items():
        head = f"<b>{escape(method.upper())}</b> <code>{escape(path)}</code> {escape(operation['summary'])}"
        yield f"<section>{_folded(head, ''.join(_operation(operation)))}</section>"


def _operation(operation: Schema) -> Iterator[str]:
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    yield f"<h3>Parameters</h3><table>{''.join(map(_parameter, operation['parameters']))}</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h3>Body: {escape(kind)}</h3>{_body(content['schema'])}"
        for word, example in content.get("examples", {}).items():
            yield f"<p>Example: {escape(word)}</p>{_json(example['value'])}"
    rows = (
        f"<tr><td><b>{status}</b><td>{escape(one['description'])}<td>{', '.join(_answered(one))}"
        for status, one in operation["responses"].items()
    )
    yield f"<h3>Answers</h3><table>{''.join(rows)}</table>"


def _parameter(one: Schema) -> str:
    where = f"<td><code>{escape(one['name'])}</code><td>{escape(one['in'])}, {escape(one['schema']['type'])}"
    return f"<tr>{where}<td>{escape(one['description'])}"


def _body(schema: Schema) -> str:
    if not schema:
        return "<p>Any JSON.</p>"
    if schema.keys() == {"$ref"}:
        return f"<p>{_link(schema['$ref'])}</p>"
    return _json(schema)


def _answered(response: Schema) -> Iterator[str]:
    """Links to the schemas of an answer."""
    for content in response.get("content", {}).values():
        yield from map(_link, _REF.findall(json.dumps(content["schema"])))


def _link(ref: str) -> str:
    name = escape(ref.rpartition("/")[2])
    return f'<a href="#schema-{name}"><code>{name}</code></a>'


def _named(name: str, schema: Schema) -> str:
    # The target of links lies inside what is folded: then a browser unfolds it.
    return f'<div id="schema-{escape(name)}">{_json(schema)}</div>'


def _folded(head: str, inside: str) -> str:
    return f"<details><summary>{head}</summary>{inside}</details>"


def _json(value: object) -> str:
    text = escape(json.dumps(value, indent=2, ensure_ascii=False))
    return f"<pre>{_REF.sub(_linked, text)}</pre>"


def _linked(ref: re.Match[str]) -> str:
    return f'<a href="#schema-{ref[0].rpartition("/")[2]}">{ref[0]}</a>'
