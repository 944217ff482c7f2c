from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest

from alerts.formats import alertmanager
from alerts.usual import usual
from alerts.webhook import Received, Webhook
from tests.support.events import NOW_MS, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

BODIES = [*sorted((SAMPLES / "webhooks").glob("*/*.body")), *sorted((SAMPLES / "formats" / "grafana").glob("*.body"))]
ALERT = {
    "status": "resolved",
    "labels": {"alertname": "HighCPU"},
    "annotations": {"summary": "größer & größer"},
    "startsAt": "2025-11-24T15:59:00Z",
    "endsAt": "2025-11-24T16:59:00Z",
    "generatorURL": "",
}
BODY = {"receiver": "team", "groupKey": "{}:{}", "alerts": [ALERT, ALERT]}


def _by_the_models(body: bytes) -> Webhook:
    """The same with a field that nobody knows, which no real sender sends."""
    odd = orjson.dumps({**orjson.loads(body), "odd": 1})
    assert usual(odd) is None
    return alertmanager.read(Received(odd, NOW_MS))


def _parsed(webhook: Webhook) -> Webhook:
    """Its lines as what they say, in whatever order."""
    return webhook._replace(submissions=[one._replace(line=json.loads(one.line)) for one in webhook.submissions])


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_real_body_that_was_not_cut_is_usual_and_read_as_the_models_read_it(path: Path) -> None:
    body = path.read_bytes()
    webhook = usual(body)
    assert (webhook is None) is bool(orjson.loads(body).get("truncatedAlerts"))
    assert webhook is None or _parsed(webhook) == _parsed(_by_the_models(body))


def test_line_is_compact_however_the_body_was_written() -> None:
    webhook = usual(json.dumps(BODY, indent=2).encode())
    assert webhook is not None
    assert [one.line.count(b"\n") for one in webhook.submissions] == [0, 0]
    assert [json.loads(one.line) for one in webhook.submissions] == [ALERT, ALERT]
    assert [one.position for one in webhook.submissions] == [0, 1]


@pytest.mark.parametrize("spoilt", ["\\ud800", "\\x", "\x01", "\n"])
def test_text_that_is_none_of_json_is_left_to_others(spoilt: str) -> None:
    assert usual(orjson.dumps(BODY).replace("größer".encode(), spoilt.encode())) is None


@pytest.mark.parametrize("field", ["labels", "annotations", "status", "startsAt", "endsAt", "generatorURL"])
def test_alert_without_a_field_that_senders_always_write_is_left_to_others(field: str) -> None:
    less = {name: value for name, value in ALERT.items() if name != field}
    assert usual(orjson.dumps({**BODY, "alerts": [ALERT, less]})) is None


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"alertname": ""},
        {"alertname": "A", "": "b"},
        {"alertname": "A", **dict.fromkeys(map(str, range(4096)), "")},
    ],
)
def test_labels_that_break_a_rule_are_left_to_others(labels: dict[str, str]) -> None:
    assert usual(orjson.dumps({**BODY, "alerts": [ALERT, {**ALERT, "labels": labels}]})) is None


@pytest.mark.parametrize("field", ["startsAt", "endsAt"])
def test_time_that_is_none_is_left_to_others(field: str) -> None:
    assert usual(orjson.dumps({**BODY, "alerts": [{**ALERT, field: "2025-02-29T00:00:00Z"}]})) is None


@pytest.mark.parametrize("number", [2**53, -(2**53), 0.5, None])
def test_values_of_grafana_are_kept_as_they_are(number: float | None) -> None:
    webhook = usual(orjson.dumps({**BODY, "alerts": [{**ALERT, "values": {"B": number}}]}))
    assert webhook is not None
    assert json.loads(webhook.submissions[0].line)["values"] == {"B": number}


@pytest.mark.parametrize("number", ["9007199254740993", "1" * 400, "1e400"])
def test_number_that_not_all_read_alike_is_left_to_others(number: str) -> None:
    body = orjson.dumps({**BODY, "alerts": [{**ALERT, "values": {"B": 1234567}}]})
    assert usual(body.replace(b"1234567", number.encode())) is None


@pytest.mark.parametrize("changes", [{"receiver": ""}, {"alerts": []}, {"truncatedAlerts": 1}, {"groupKey": None}])
def test_odd_envelope_is_left_to_others(changes: dict[str, object]) -> None:
    assert usual(orjson.dumps({**BODY, **changes})) is None
