"""The access log: a line of JSON for each request, on standard error, without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from http_gateway.access_log import Access, line, pieces
from tests.support.gateway import PROXY, Gateway, alert, webhook
from tests.support.product import wait_for

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "canary-0123456789abcdef"
BODY = webhook(alert())


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    file: Path = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text(TOKEN)
    return {
        "access_log": True,
        "sources": [{"name": "ours", "bearer": {"token_file": str(file)}}],
        "open_metrics": True,
        "trusted_proxies": ["127.0.0.1/32"],
    }


def logged(running: Gateway, request_id: str) -> dict[str, object]:
    """The line of this request."""
    marks = ('"event":"request"', json.dumps(request_id))  # why it was refused is said under this id too

    def found() -> list[str]:
        return [text for text in running.log().splitlines() if all(mark in text for mark in marks)]

    wait_for(lambda: bool(found()), "the line is written", 10)
    (text,) = found()
    entry: dict[str, object] = json.loads(text)
    assert (entry["level"], entry["request_id"]) == ("info", request_id)
    assert str(entry["timestamp"]).endswith("Z")
    return entry


def test_stored_request_is_logged_with_its_source_size_and_ingest_id(running: Gateway) -> None:
    response = running.post(BODY, authorization=f"Bearer {TOKEN}", x_request_id="stored-1", x_forwarded_for="192.0.2.7")
    assert response.status_code == 202
    entry = logged(running, "stored-1")
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", PROXY, 202)
    assert (entry["bytes"], entry["source"], entry["client"]) == (len(BODY), "ours", "192.0.2.7")
    assert entry["ingest_id"] == response.json()["ingest_id"]
    assert 0 < float(str(entry["ms"])) < 30_000


def test_refused_request_is_logged_without_what_was_not_looked_at(running: Gateway) -> None:
    assert running.post(BODY, authorization="Bearer wrong", x_request_id="refused-1").status_code == 401
    entry = logged(running, "refused-1")
    assert entry["status"] == 401
    assert not {"bytes", "source", "ingest_id"} & entry.keys()


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/nowhere", 404)])
def test_other_paths_are_logged_too(running: Gateway, path: str, status: int) -> None:
    running.client.get(path, headers={"x-request-id": f"other{status}"})
    entry = logged(running, f"other{status}")
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", path, status)


def test_neither_query_nor_token_nor_a_path_that_holds_one_is_logged(running: Gateway) -> None:
    for path in (f"{PROXY}?token={TOKEN}", f"/nowhere/{TOKEN}?x={TOKEN}", "/%ED%A0%80%ff"):
        running.client.post(path, content=BODY, headers={"authorization": f"Bearer {TOKEN}"})
    running.client.get("/healthz", headers={"x-request-id": "last"})
    logged(running, "last")
    assert TOKEN not in running.log()


def test_lines_are_written_in_pieces_that_a_pipe_takes_whole() -> None:
    access = Access(1_795_489_505.25, "r" * 128, "POST", "/x" * 1000, 202, 0.0015, "::1", 1, "s", "i")
    lines = [line(access)] * 20
    written = list(pieces(lines))
    assert b"".join(written) == b"".join(lines)
    assert max(map(len, written)) <= 4096
    assert all(piece.endswith(b"\n") for piece in written)
    assert json.loads(lines[0])["timestamp"] == "2026-11-24T03:05:05.250000Z"
