"""Sources of every kind, and what each sends: signed as senders do it, without the product's own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Headers = dict[str, str]

STANDARD = {
    "current": "whsec_" + base64.b64encode(b"current-key-of-standard-webhooks").decode(),
    "previous": "whsec_" + base64.b64encode(b"previous-key-of-standard-webhook").decode(),
    "retired": "whsec_" + base64.b64encode(b"retired-key-of-standard-webhooks").decode(),
}
ALLOWED, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def secret(kind: str, age: str) -> str:
    """The secret of a kind of source: `current`, `previous`, `retired` (it once was the previous one) or another."""
    return STANDARD[age] if kind == "standard" and age in STANDARD else f"secret-of-{kind}-that-is-{age}"


def sources(**changes: dict[str, object]) -> list[dict[str, object]]:
    """One source for each kind, as they stand in winnow.yaml."""

    def pair(kind: str, word: str = "secret") -> dict[str, object]:
        return {word: secret(kind, "current"), "previous": secret(kind, "previous")}

    made: list[dict[str, object]] = [
        {"name": "bearer", "bearer": pair("bearer", "token")},
        {"name": "basic", "basic": {"user": "zoë", **pair("basic", "password")}},
        {"name": "api_key", "api_key": {"header": "X-Own-Key", **pair("api_key", "key")}},
        {"name": "grafana", "hmac": {"flavour": "grafana", **pair("grafana")}},
        {
            "name": "grafana_timed",
            "hmac": {
                "flavour": "grafana",
                "header": "X-Timed-Signature",
                "timestamp_header": "X-Timed-At",
                **pair("grafana_timed"),
            },
        },
        {"name": "github", "hmac": {"flavour": "github", **pair("github")}},
        {"name": "standard", "hmac": {"flavour": "standard-webhooks", **pair("standard")}},
        {"name": "address", "addresses": [f"{ALLOWED}/32"]},
    ]
    return [{**source, **changes.get(str(source["name"]), {})} for source in made]


def _hex(key: str, content: bytes) -> str:
    return hmac.new(key.encode(), content, hashlib.sha256).hexdigest()


def bearer(key: str, _: bytes, __: float) -> Headers:
    """`Authorization: Bearer`."""
    return {"authorization": f"Bearer {key}"}


def basic(key: str, _: bytes, __: float) -> Headers:
    """`Authorization: Basic`."""
    return {"authorization": "Basic " + base64.b64encode(f"zoë:{key}".encode()).decode()}


def api_key(key: str, _: bytes, __: float) -> Headers:
    """A header of its own."""
    return {"x-own-key": key}


def grafana(key: str, body: bytes, _: float) -> Headers:
    """Grafana's signature of the body."""
    return {"x-grafana-alerting-signature": _hex(key, body)}


def grafana_timed(key: str, body: bytes, at_s: float) -> Headers:
    """Grafana's signature of time and body."""
    now = str(int(at_s))
    return {"x-timed-at": now, "x-timed-signature": _hex(key, f"{now}:".encode() + body)}


def github(key: str, body: bytes, _: float) -> Headers:
    """GitHub's signature."""
    return {"x-hub-signature-256": "sha256=" + _hex(key, body)}


def standard(key: str, body: bytes, at_s: float, id_: str | None = None) -> Headers:
    """Standard Webhooks."""
    id_ = id_ or f"msg_{time.monotonic_ns()}"
    content = f"{id_}.{int(at_s)}.".encode() + body
    # A wrong key has any form.
    raw = base64.b64decode(key.removeprefix("whsec_")) if key.startswith("whsec_") else key.encode()
    signature = base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(int(at_s)), "webhook-signature": f"v1,{signature}"}


SIGNERS: dict[str, Callable[[str, bytes, float], Headers]] = {
    "bearer": bearer,
    "basic": basic,
    "api_key": api_key,
    "grafana": grafana,
    "grafana_timed": grafana_timed,
    "github": github,
    "standard": standard,
}
TIMED = {"grafana_timed", "standard"}
"""Sign the time as well."""
