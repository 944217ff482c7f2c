"""Any JSON through a mapping: what comes out, what is left out, what goes to the quarantine."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from alerts import bounds
from alerts.alert import Status
from alerts.config_mapping import Mapping
from alerts.errors import FormatError
from alerts.fingerprint import identity
from alerts.formats import formats
from alerts.mapped import ELEMENTS_MAX, Mapped
from alerts.record import ALERT_MAX_BYTES, decode, open_alert, split
from alerts.webhook import Received, Rejected, Submission, Webhook
from tests.support.events import ENVELOPE, NOW_MS

NOW = "2025-11-24T16:00:00.000Z"
STATUS = {"value": "state", "firing": ["Open", "2"], "resolved": ["Closed"], "ignore": ["muted"]}


def _form(**fields: Any) -> Mapped:
    return Mapped(Mapping.model_validate({"name": "own", "alertname": "title", **fields}))


def _read(value: object, **fields: Any) -> Webhook:
    return _form(**fields).read(Received(json.dumps(value).encode(), NOW_MS))


def _one(value: object, **fields: Any) -> Submission:
    webhook = _read(value, **fields)
    assert not webhook.rejected
    (found,) = webhook.submissions
    return found


def _annotations(one: Submission) -> dict[str, str]:
    return formats()["alertmanager"].content(one.line).annotations


def _fault(value: object, **fields: Any) -> tuple[str, str]:
    webhook = _read(value, **fields)
    assert not webhook.submissions
    ((fault,),) = [one.faults for one in webhook.rejected]
    return fault


def test_object_is_one_alert_and_a_list_is_many() -> None:
    assert len(_read({"title": "a"}).submissions) == 1
    assert [one.position for one in _read([{"title": "a"}, {"title": "b"}]).submissions] == [0, 1]


def test_alerts_are_found_where_the_mapping_says() -> None:
    webhook = _read({"items": [{"title": "a"}, {"title": "b"}]}, alerts="items")
    assert [one.labels["alertname"] for one in webhook.submissions] == ["a", "b"]


def test_nothing_where_the_alerts_should_lie_is_refused() -> None:
    with pytest.raises(FormatError) as refused:
        _read({"other": []}, alerts="items")
    assert refused.value.faults == (("alerts", "`items`: there is nothing"),)


def test_empty_list_of_alerts_is_nothing_to_store() -> None:
    webhook = _read({"items": []}, alerts="items")
    assert (webhook.submissions, webhook.rejected) == ([], [])
    assert webhook.note


def test_labels_are_texts_constants_and_what_the_body_says() -> None:
    labels = {"host": "h", "id": "id", "on": "on", "list": "l", "source": "=mine", "region": "body().region"}
    value = {"region": "eu", "items": [{"title": "a", "h": "db", "id": 12, "on": True, "l": [1, "x"]}]}
    told = _one(value, alerts="items", labels=labels)
    assert told.labels == {
        "alertname": "a",
        "host": "db",
        "id": "12",
        "on": "true",
        "list": '[1,"x"]',
        "source": "mine",
        "region": "eu",
    }


def test_label_that_is_not_there_is_left_out_without_a_word() -> None:
    told = _one({"title": "a", "empty": "", "null": None}, labels={"x": "gone.too", "y": "empty", "z": "null"})
    assert told.labels == {"alertname": "a"}
    assert _annotations(told) == {}


def test_named_label_wins_over_a_tag() -> None:
    told = _one({"title": "a", "tags": "host:x,alertname:evil"}, labels={"host": "=mine"}, labels_from="tags")
    assert told.labels == {"alertname": "a", "host": "mine"}


@pytest.mark.parametrize(
    ("state", "status"),
    [("Open", Status.FIRING), ("OPEN", Status.FIRING), (2, Status.FIRING), ("closed", Status.RESOLVED)],
)
def test_status_words_are_known_in_any_case(state: object, status: Status) -> None:
    assert _one({"title": "a", "state": state}, status=STATUS).status is status


def test_every_alert_fires_without_status_words() -> None:
    assert _one({"title": "a", "state": "Closed"}).status is Status.FIRING


@pytest.mark.parametrize(("state", "came"), [("odd", "'odd'"), (None, "nothing"), ("", "nothing"), (7, "'7'")])
def test_unknown_status_is_a_fault_that_names_the_known_words(state: object, came: str) -> None:
    assert _fault({"title": "a", "state": state}, status=STATUS) == (
        "alerts[0].status",
        f"expected one of Open, 2, Closed, muted from `state`, got {came}",
    )


def test_ignored_word_is_counted_and_stored_nowhere() -> None:
    webhook = _read([{"title": "a", "state": "Muted"}, {"title": "b", "state": "Open"}], status=STATUS)
    assert (webhook.ignored, len(webhook.submissions), webhook.rejected) == (1, 1, [])


def test_alert_without_a_name_is_a_fault() -> None:
    assert _fault({"title": None}) == ("alerts[0].alertname", "expected text from `title`, got nothing")


def test_missing_times_are_now() -> None:
    firing, resolved = (_one({"title": "a", "state": state}, status=STATUS) for state in ("Open", "Closed"))
    assert (firing.starts_at, firing.ends_at) == (NOW, None)
    assert (resolved.starts_at, resolved.ends_at) == (NOW, NOW)


def test_times_are_read_and_a_firing_alert_has_no_end() -> None:
    fields: dict[str, Any] = {"status": STATUS, "starts_at": "from", "ends_at": "to"}
    value = {"title": "a", "from": 1764000000, "to": "2025-11-24 17:00:00", "state": "Closed"}
    assert _one(value, **fields)[3:5] == (NOW, "2025-11-24T17:00:00Z")
    assert _one({**value, "state": "Open"}, **fields)[3:5] == (NOW, None)


def test_what_cannot_be_had_is_left_out_and_told_to_people() -> None:
    told = _one({"title": "a", "at": "soon", "n": 1}, starts_at="at", labels={"x": "lower(n)"}, url="lower(n)")
    assert (told.starts_at, told.labels) == (NOW, {"alertname": "a"})
    note = _annotations(told)["winnow_mapping"]
    assert "labels.x: `lower(n)`: lower() takes string, got number" in note
    assert "starts_at: expected a time" in note
    assert "url: `lower(n)`" in note


@pytest.mark.parametrize(
    ("priority", "severity"), [("P1", "critical"), ("p2", "warning"), ("P9", "P9"), (None, None), (1, "info")]
)
def test_severity_becomes_a_label(priority: object, severity: str | None) -> None:
    words = {"value": "priority", "critical": ["P1"], "warning": ["P2"], "info": ["1"]}
    assert _one({"title": "a", "priority": priority}, severity=words).labels.get("severity") == severity


def test_fingerprint_alone_tells_alerts_apart() -> None:
    told = [_one({"title": title, "id": 7}, fingerprint="id").owner for title in ("[Open] a", "[Closed] a")]
    assert told[0] == told[1] != _one({"title": "a", "id": 8}, fingerprint="id").owner


def test_same_fingerprint_of_two_mappings_is_two_alerts() -> None:
    value = {"title": "a", "id": 7}
    assert _one(value, fingerprint="id").owner != _one(value, name="other", fingerprint="id").owner


def test_labels_tell_alerts_apart_without_a_fingerprint() -> None:
    for told in (_one({"title": "a"}), _one({"title": "a"}, fingerprint="id")):
        assert told.owner == identity({"alertname": "a"}, "")


def test_line_is_read_by_the_flow_without_the_mapping() -> None:
    value = {"title": "a", "id": 7, "text": "words", "link": "https://x.example.com"}
    told = _one(value, fingerprint="id", annotations={"summary": "text"}, url="link")
    ((_, record),) = split(ENVELOPE, [told], 1)
    alert = open_alert(*decode(record, NOW_MS))
    assert (alert.fingerprint, alert.labels) == (told.owner, told.labels)
    assert (alert.annotations, alert.generator_url) == ({"summary": "words"}, "https://x.example.com")
    assert orjson.loads(told.line)["original"] == value


def _again(form: Mapped, line: bytes) -> Submission | Rejected:
    webhook = form.read(Received(form.alone(line), NOW_MS))
    found: list[Submission | Rejected] = [*webhook.submissions, *webhook.rejected]
    assert len(found) == 1
    return found[0]


def test_refused_alert_is_read_again_with_a_mended_mapping() -> None:
    value = {"region": "eu", "items": [{"title": "a", "state": "odd"}]}
    fields: dict[str, Any] = {"alerts": "items", "labels": {"region": "body().region"}}
    (rejected,) = _read(value, status=STATUS, **fields).rejected
    mended = _form(status={**STATUS, "firing": ["odd"]}, **fields)
    found = _again(mended, rejected.line)
    assert isinstance(found, Submission)
    assert found.labels == {"alertname": "a", "region": "eu"}


def test_refused_alert_of_a_large_body_that_it_needs_says_so() -> None:
    value = {"pad": "x" * 20_000, "items": [{"title": None}]}
    (rejected,) = _read(value, alerts="items", labels={"pad": "body().pad"}).rejected
    assert len(rejected.line) < 100
    with pytest.raises(FormatError, match="its sender has to send it again"):
        _again(_form(labels={"pad": "body().pad"}), rejected.line)


def test_text_in_json_is_read_as_json() -> None:
    assert _one({"Message": '{"title": "a"}'}, alerts="parse_json(Message)").labels == {"alertname": "a"}


def test_body_over_the_mappings_limit_is_refused() -> None:
    with pytest.raises(FormatError, match="too large for the mapping own"):
        _read({"title": "a" * 2000}, max_body=1024)


def test_crowd_of_alerts_is_refused() -> None:
    with pytest.raises(FormatError) as refused:
        _read([0] * (ELEMENTS_MAX + 1))
    assert "at most 1000 alerts, got 1001" in refused.value.faults[0].error


def test_alert_that_a_mapping_blows_up_is_refused_alone() -> None:
    big = {str(n): "@" for n in range(5)}
    webhook = _read([{"title": "a", "pad": "x" * 200_000}, {"title": "b"}], annotations=big)
    assert [one.labels["alertname"] for one in webhook.submissions] == ["b"]
    assert f"at most {ALERT_MAX_BYTES} bytes an alert" in webhook.rejected[0].faults[0].error


def test_body_that_a_mapping_blows_up_is_refused() -> None:
    with pytest.raises(FormatError, match="makes too much of it"):
        _read([{"title": "a", "pad": "x" * 900}] * 900, annotations={str(n): "@" for n in range(40)})


def test_more_labels_than_rules_can_bear_are_cut_and_told() -> None:
    told = _one({"title": "a", "tags": {f"t{n}": "x" for n in range(600)}}, labels_from="tags")
    assert len(told.labels) == 256
    assert "labels: at most 256, got 601" in _annotations(told)["winnow_mapping"]


def test_long_list_that_is_no_alerts_is_no_reason_to_refuse() -> None:
    body = json.dumps({"title": "a", "points": list(range(60_000))}).encode()
    assert len(bounds.read(_form(), Received(body, NOW_MS)).submissions) == 1


def test_alert_may_be_any_json() -> None:
    assert _one("disk full", alertname="=Text", annotations={"summary": "@"}).labels == {"alertname": "Text"}


def test_message_of_sns_without_json_is_the_first_fault() -> None:
    sent = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "Message": "plain words"}
    why = "Message: expected JSON in it, got text"
    assert str(_read(sent, sns={}).rejected[0].faults[0]) == why
    with pytest.raises(FormatError) as raised:
        _read(sent, sns={}, alerts="items")
    assert [str(fault) for fault in raised.value.faults] == [why, "alerts: `items`: there is nothing"]
    assert _read(sent, sns={}, alertname="@").submissions[0].labels == {"alertname": "plain words"}


def test_list_without_alerts_is_told_as_such() -> None:
    assert _read([]).note == "nothing to store: no alert in it"
