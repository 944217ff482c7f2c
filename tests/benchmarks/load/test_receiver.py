"""The receiver notes what arrives, where, and how late."""

from __future__ import annotations

import httpx
import orjson
import pytest

from benchmarks.load.receiver import Arrivals, Receiver


def body(instance: str, run: str = "ours", sent_ms: int = 1000) -> bytes:
    annotations = {"stage": "one", "sent_ms": str(sent_ms), "summary": "x" * 100}
    return orjson.dumps({"labels": {"instance": instance, "run": run}, "annotations": annotations})


def test_alert_is_counted_at_its_target_and_late_by_when_it_was_sent() -> None:
    arrivals = Arrivals("ours")
    arrivals.note("first", body("a"), 1.25)
    arrivals.note("second", body("a"), 1.5)
    assert arrivals.told == {"first": {"a": 1}, "second": {"a": 1}, "third": {}}
    assert list(arrivals.late_ms["one"]) == [250.0, 500.0]


def test_repetition_is_counted_and_not_late() -> None:
    arrivals = Arrivals("ours")
    for at_s in (1.25, 9.0):
        arrivals.note("first", body("a"), at_s)
    assert arrivals.told["first"] == {"a": 2}
    assert list(arrivals.late_ms["one"]) == [250.0]


def test_alert_of_another_run_is_counted_in_the_total_only() -> None:
    arrivals = Arrivals("ours")
    arrivals.note("first", body("a", "another"), 1.25)
    assert (arrivals.total, arrivals.told["first"]) == (1, {})


@pytest.mark.parametrize("alerts", [1, 3])
def test_requests_over_one_connection_are_all_noted(alerts: int) -> None:
    noted: list[tuple[str, bytes]] = []
    receiver = Receiver(lambda target, body, _: noted.append((target, body)))
    with httpx.Client(trust_env=False) as client:
        for number in range(alerts):
            answer = client.post(f"http://127.0.0.1:{receiver.port}/second", content=body(f"a-{number}"))
            assert answer.status_code == 200
    receiver.close()
    assert noted == [("second", body(f"a-{number}")) for number in range(alerts)]


def test_body_that_comes_in_parts_is_noted_once() -> None:
    noted: list[bytes] = []
    receiver = Receiver(lambda _, body, __: noted.append(body))
    parts = (b"{", b"}" * 70_000)
    headers = {"content-length": "70001"}
    answer = httpx.post(f"http://127.0.0.1:{receiver.port}/first", content=iter(parts), headers=headers)
    receiver.close()
    assert answer.status_code == 200
    assert noted == [b"".join(parts)]
