"""What is read without its model is read as the model reads it, and nothing passes that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.formats import alertmanager, prometheus
from alerts.instant import is_zero
from alerts.webhook import Received
from tests.support.events import NOW_MS

if TYPE_CHECKING:
    from alerts.webhook import Webhook

TIMES = [
    "2025-11-24T15:59:00Z", "2025-11-24t16:59:00.5+01:00", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
    "0001-01-01t00:00:00z", "0001-01-01T00:00:00+01:00", "0001-01-01", "2025-02-29T00:00:00Z", "yesterday",
]  # fmt: skip
USUAL: dict[str, Any] = {
    "labels": {"alertname": "HighCPU", "instance": "db-1"},
    "annotations": {"summary": "db-1 is busy"},
    "status": "firing",
    "startsAt": TIMES[0],
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus.example.com",
    "fingerprint": "00000000000000aa",
}
Model = TypeVar("Model", bound=BaseModel)
NAMED = {"alertname": "A"}
MAPS = [{}, {"a": "b"}, NAMED, {**NAMED, "": "b"}, {**NAMED, "a": ""}, {**NAMED, "a": 1}, {"alertname": ""}]
MANY = {f"label_{number}": "a" for number in range(5000)} | NAMED
ODD = st.sampled_from([None, "", "resolved", "odd", 0, 1.5, True, [], ["a"], *MAPS, MANY, *TIMES])


def _entries(usual: dict[str, Any]) -> st.SearchStrategy[object]:
    def changed(changes: dict[str, object], left_out: str) -> dict[str, object]:
        return {name: value for name, value in {**usual, **changes}.items() if name != left_out}

    fields = st.sampled_from([*usual, "own"])
    changes = st.dictionaries(fields, ODD, min_size=1, max_size=2)
    return ODD | st.builds(changed, changes, fields | st.just("nothing"))


ENTRIES = _entries(USUAL)
# What an alert has in an array.
LISTED = _entries({name: USUAL[name] for name in USUAL if name not in {"status", "fingerprint"}})


ENVELOPE: dict[str, Any] = {
    "receiver": "team",
    "alerts": [USUAL],
    "groupKey": "{}:{}",
    "status": "firing",
    "version": "4",
    "externalURL": "http://alertmanager.example.com",
    "groupLabels": {},
    "commonLabels": NAMED,
    "commonAnnotations": {},
    "truncatedAlerts": 0,
    "orgId": 1,
    "title": "[FIRING:1] HighCPU",
}
ENVELOPES = st.dictionaries(st.sampled_from([*ENVELOPE, "own"]), ODD | st.just(7), max_size=2)


def _judged(model: type[Model], entry: object) -> Model | None:
    try:
        return model.model_validate(entry)
    except ValidationError:
        return None


def _are_whole(webhook: Webhook, entry: object) -> bool:
    lines = [one.line for one in webhook.submissions] + [one.line for one in webhook.rejected]
    return list(map(orjson.loads, lines)) == [entry]


@settings(max_examples=500, deadline=None)
@given(ENTRIES)
def test_alert_of_a_webhook_is_read_as_the_model_reads_it(entry: object) -> None:
    webhook = alertmanager.read(Received(orjson.dumps({"receiver": "team", "alerts": [entry]}), NOW_MS))
    assert _are_whole(webhook, entry)
    told = _judged(alertmanager.WebhookAlert, entry)
    assert (told is None) is (webhook.submissions == [])
    for one in webhook.submissions:
        assert told is not None
        has_end = told.status == "resolved" and told.endsAt and not is_zero(told.endsAt)
        assert (one.labels, one.status, one.starts_at) == (told.labels, Status(told.status), told.startsAt)
        assert (one.ends_at, one.fingerprint) == (told.endsAt if has_end else None, told.fingerprint or "")


@settings(max_examples=500, deadline=None)
@given(ENVELOPES)
def test_webhook_around_its_alerts_is_read_as_the_model_reads_it(changes: dict[str, object]) -> None:
    body = {**ENVELOPE, **changes}
    told = _judged(alertmanager.WebhookBody, body)
    try:
        webhook = alertmanager.read(Received(orjson.dumps(body), NOW_MS))
    except FormatError:
        assert told is None
        return
    assert told is not None
    assert (webhook.receiver, webhook.group_key) == (told.receiver, told.groupKey or "")
    assert len(webhook.submissions) + len(webhook.rejected) == len(told.alerts)
    assert bool(webhook.own) is bool(told.truncatedAlerts)


@settings(max_examples=500, deadline=None)
@given(LISTED)
def test_alert_of_a_list_is_read_as_the_model_reads_it(entry: object) -> None:
    webhook = prometheus.read(Received(orjson.dumps([entry]), NOW_MS))
    assert _are_whole(webhook, entry)
    told = _judged(prometheus.PostableAlert, entry)
    if told is None:
        assert webhook.submissions == []
    for one in webhook.submissions:
        assert told is not None
        assert one.labels == told.labels
        given_ = [text for text in (told.startsAt, told.endsAt) if text and not is_zero(text)]
        assert not given_ or one.starts_at == given_[0]
