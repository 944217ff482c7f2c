"""CloudEvents in their three modes, and which alert each of them is about."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest

from alerts.alert import Status
from alerts.errors import FormatError
from alerts.formats import cloudevents
from alerts.formats.cloudevents import content
from alerts.webhook import NO_HEADERS, Received, Submission, Webhook
from tests.support.events import NOW_MS

AT = "2025-11-24T15:58:12Z"
EVENT: dict[str, Any] = {"specversion": "1.0", "id": "1", "source": "/s", "type": "com.example.down"}
LIKE = {"labels": {"alertname": "Down", "job": "x"}}
BINARY = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "com.example.down"}


def _read(value: object, headers: dict[str, str] | None = None) -> Webhook:
    return cloudevents.read(Received(json.dumps(value).encode(), NOW_MS, headers or NO_HEADERS))


def _one(**fields: object) -> Submission:
    webhook = _read({**EVENT, **fields})
    assert not webhook.rejected
    (found,) = webhook.submissions
    return found


def _faults(value: object, headers: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(fault.field, fault.error) for one in _read(value, headers).rejected for fault in one.faults]


def test_event_without_an_alert_is_told_by_its_attributes() -> None:
    told = _one(subject="disk/1", time=AT)
    assert told.labels == {"alertname": "com.example.down", "source": "/s", "subject": "disk/1"}
    assert (told.status, told.starts_at, told.ends_at) == (Status.FIRING, AT, None)


def test_event_without_a_time_began_when_it_was_accepted() -> None:
    assert _one().starts_at == "2025-11-24T16:00:00.000Z"


@pytest.mark.parametrize("fields", [{"severity": "critical"}, {"data": {"severity": "critical"}}])
def test_severity_comes_from_data_or_an_extension(fields: dict[str, object]) -> None:
    assert _one(**fields).labels["severity"] == "critical"


def test_severity_of_the_data_wins_over_the_extension() -> None:
    assert _one(severity="info", data={"severity": 3}).labels["severity"] == "3"


@pytest.mark.parametrize("place", ["data", "extension"])
def test_alert_is_the_same_whatever_its_severity_is_now(place: str) -> None:
    fired, over = (
        _one(**({"data": said} if place == "data" else said))
        for said in ({"severity": "critical", "status": "firing"}, {"severity": "info", "status": "resolved"})
    )
    assert fired.labels != over.labels
    assert fired.owner == over.owner == _one().owner


def test_severity_that_is_a_label_of_the_alert_itself_tells_it_apart() -> None:
    one, other = (
        _one(data={"labels": {"alertname": "A", "severity": severity}, "severity": "x"}) for severity in ("a", "b")
    )
    assert one.owner != other.owner


@pytest.mark.parametrize("word", ["resolved", "OK", "Closed", "recovered"])
@pytest.mark.parametrize("name", ["status", "state"])
def test_event_that_says_so_is_over(name: str, word: str) -> None:
    for told in (_one(data={name: word}, time=AT), _one(**{name: word}, time=AT)):
        assert (told.status, told.ends_at) == (Status.RESOLVED, AT)


def test_unknown_status_word_fires() -> None:
    assert _one(data={"status": "burning"}).status is Status.FIRING


def test_data_that_are_an_alert_keep_their_own_words() -> None:
    own = {"labels": {"alertname": "Down"}, "annotations": {"summary": "s"}, "status": "resolved", "generatorURL": "u"}
    told = _one(data={**own, "startsAt": AT, "endsAt": AT, "fingerprint": "f"}, time="2025-11-24T12:00:00Z")
    assert (told.labels, told.status, told.starts_at) == ({"alertname": "Down"}, Status.RESOLVED, AT)
    assert (told.ends_at, told.fingerprint) == (AT, "f")
    assert content(told.line) == (told.labels, {"event_id": "1", "summary": "s"}, "u")


def test_alert_without_a_name_gets_the_events_type() -> None:
    assert _one(data={"labels": {"job": "x"}}).labels == {"alertname": "com.example.down", "job": "x"}


def test_webhook_of_alertmanager_in_the_data_is_its_alerts() -> None:
    webhook = _read({**EVENT, "data": {"receiver": "team", "groupKey": "{}", "alerts": [LIKE, LIKE, {}, 3]}})
    assert (webhook.receiver, webhook.group_key) == ("team", "{}")
    assert [one.position for one in webhook.submissions] == [0, 1]
    assert [one.faults[0].field for one in webhook.rejected] == ["data.alerts[2]", "data.alerts[3]"]


def test_list_of_alerts_in_the_data_is_one_alert_each() -> None:
    assert len(_read({**EVENT, "data": [LIKE, LIKE]}).submissions) == 2


def test_rejected_entry_of_a_list_is_rejected_alone_too() -> None:
    (rejected,) = _read({**EVENT, "data": {"alerts": [3]}}).rejected
    assert cloudevents.read(Received(cloudevents.alone(rejected.line), NOW_MS)).rejected


def test_texts_of_the_data_become_annotations() -> None:
    told = content(_one(data={"message": "m", "url": "https://x.example.com"}).line)
    assert told.annotations == {"event_id": "1", "message": "m"}
    assert told.generator_url == "https://x.example.com"


def test_data_without_known_texts_are_shown_whole() -> None:
    assert content(_one(data={"a": [1]}).line).annotations["data"] == '{"a":[1]}'
    assert len(content(_one(data="x" * 9000).line).annotations["data"]) == 2000


def test_base64_data_are_decoded() -> None:
    text = base64.b64encode(json.dumps(LIKE).encode()).decode()
    assert _one(data_base64=text).labels == LIKE["labels"]


def test_binary_event_is_kept_structured() -> None:
    webhook = _read({"message": "m"}, {**BINARY, "ce-subject": "caf%C3%A9", "content-type": "application/json"})
    (told,) = webhook.submissions
    assert told.labels["subject"] == "café"
    assert orjson.loads(told.line)["data"] == {"message": "m"}
    assert cloudevents.read(Received(told.line, NOW_MS)).submissions == [told]


def test_binary_event_without_data_is_an_alert() -> None:
    assert cloudevents.read(Received(b"", NOW_MS, BINARY)).submissions[0].labels["alertname"] == "com.example.down"


def test_content_type_of_structured_events_wins_over_headers() -> None:
    headers = {**BINARY, "content-type": "application/cloudevents+json; charset=utf-8", "ce-type": "other"}
    assert _read(EVENT, headers).submissions[0].labels["alertname"] == "com.example.down"


def test_batch_keeps_its_good_events() -> None:
    webhook = _read([EVENT, {**EVENT, "id": ""}, 7, {**EVENT, "time": "soon"}])
    assert len(webhook.submissions) == 1
    assert [one.faults[0].field for one in webhook.rejected] == ["[1].id", "[2]", "[3].time"]


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type"])
def test_missing_attribute_is_named(name: str) -> None:
    event = {key: value for key, value in EVENT.items() if key != name}
    assert _faults(event) == [(name, "expected an attribute of text that is not empty")]


def test_other_version_of_the_specification_is_refused() -> None:
    assert _faults({**EVENT, "specversion": "0.3"}) == [("specversion", "expected 1.0, got '0.3'")]


def test_label_that_is_no_text_is_named_with_its_place() -> None:
    (fault,) = _faults({**EVENT, "data": {"alerts": [LIKE, {"labels": {"a": 1}}]}})
    assert fault[0] == "data.alerts[1].labels.a"


def test_empty_batch_is_refused() -> None:
    with pytest.raises(FormatError, match="no event"):
        _read([])


def test_long_attributes_cannot_be_multiplied_by_many_alerts() -> None:
    with pytest.raises(FormatError, match="too many entries"):
        _read({**EVENT, "subject": "x" * 100_000, "data": {"alerts": [LIKE] * 1000}})


def test_crowd_of_entries_that_are_no_alerts_is_refused() -> None:
    with pytest.raises(FormatError, match="too many entries"):
        _read({**EVENT, "data": {"alerts": [0] * 100_000}})


@pytest.mark.parametrize("name", sorted(BINARY))
def test_missing_header_of_a_binary_event_is_named(name: str) -> None:
    headers = {key: value for key, value in BINARY.items() if key != name}
    assert _faults({"a": 1}, headers) == [(name, "expected an attribute of text that is not empty")]


@pytest.mark.parametrize("kind", [{}, {"content-type": "application/json"}])
def test_json_that_is_no_event_is_told_once_how_events_come(kind: dict[str, str]) -> None:
    with pytest.raises(FormatError, match="not a CloudEvent") as raised:
        _read({"a": 1}, kind)
    told = "expected ce-* headers or content type application/cloudevents+json, got neither"
    assert [str(fault) for fault in raised.value.faults] == [told]
    structured = {"content-type": "application/cloudevents+json"}
    assert [field for field, _ in _faults({"a": 1}, structured)] == ["id", "source", "specversion", "type"]
