"""Every way to prove who sends x what can be wrong with it, over real HTTP."""

from __future__ import annotations

import time
from itertools import count

import pytest

from tests.http_gateway.test_contract import error
from tests.support.gateway import Gateway, alert, webhook
from tests.support.senders import ALLOWED, ELSEWHERE, SIGNERS, TIMED, Headers, secret, sources

COLUMNS = ["none", "wrong", "right", "rotated", "replayed", "expired"]
KINDS = [*SIGNERS, "address"]
# An address of its own for each request: who fails often is slowed down.
_fresh = (f"203.0.113.{number}" for number in count(1))


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return {"sources": sources(), "trusted_proxies": ["127.0.0.1"]}


def request(kind: str, column: str, body: bytes) -> Headers:
    """The headers of a request; what is expired was signed too long ago, or with a secret that holds no more."""
    if kind == "address":
        return {"x-forwarded-for": ALLOWED if column in {"right", "rotated", "replayed"} else ELSEWHERE}
    if column == "none":
        return {}
    age = {"wrong": "wrong", "rotated": "previous", "expired": "current" if kind in TIMED else "retired"}
    at_s = time.time() - (301 if column == "expired" and kind in TIMED else 0)
    return SIGNERS[kind](secret(kind, age.get(column, "current")), body, at_s)


def expected(kind: str, column: str) -> int:
    """What signs no time cannot be told from its replay; dedup drops that."""
    return 202 if column in {"right", "rotated"} or (column == "replayed" and kind not in TIMED) else 401


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("kind", KINDS)
def test_matrix(running: Gateway, kind: str, column: str) -> None:
    body = webhook(alert(f"{kind}-{column}"))
    headers = {"x-forwarded-for": next(_fresh), **request(kind, column, body)}
    if column == "replayed":
        assert running.post(body, **headers).status_code == 202
    answer = running.post(body, **headers)
    assert answer.status_code == expected(kind, column)
    if answer.status_code == 202:
        (record,) = running.webhooks(answer.json()["ingest_id"])
        assert record.header["source"] == kind
    else:
        told = error(answer, 401, "AUTHENTICATION_ERROR")
        assert (told["message"], told["details"]) == ("its sender is not known", [])
        assert answer.headers["www-authenticate"] == 'Bearer realm="winnow", Basic realm="winnow", charset="UTF-8"'
        assert not running.quarantined(format="alertmanager")
