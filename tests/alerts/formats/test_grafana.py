"""What Grafana sends is read, and what is its own reaches people."""

from __future__ import annotations

import orjson
import pytest

from alerts.errors import FormatError
from alerts.fingerprint import fingerprint, identity
from alerts.formats import grafana
from alerts.webhook import Content, Received, Webhook
from tests.support.events import NOW_MS, SAMPLES, STARTS_AT

FOLDER = SAMPLES / "formats" / "grafana"
ALERT = {"status": "firing", "labels": {"alertname": "A"}, "startsAt": STARTS_AT}


def _sample(name: str) -> Webhook:
    return grafana.read(Received((FOLDER / f"{name}.body").read_bytes(), NOW_MS))


def _content(**fields: object) -> Content:
    return grafana.content(orjson.dumps({**ALERT, **fields}))


def test_links_and_values_become_annotations() -> None:
    first = grafana.content(_sample("firing").submissions[0].line)
    assert first.annotations["dashboard_url"].startswith("https://grafana.example.com/d/hGxxKbRGz")
    assert first.annotations["panel_url"].endswith("&viewPanel=4")
    assert first.annotations["silence_url"].startswith("https://grafana.example.com/alerting/silence/new")
    assert first.annotations["image_url"].endswith("uQZ2.png")
    assert first.annotations["values"] == "B=44.23943737541908, C=1"


def test_what_is_grafanas_own_is_no_label() -> None:
    (first, _) = _sample("firing").submissions
    assert set(first.labels) == {"alertname", "grafana_folder", "team", "zone"}
    assert grafana.content(first.line).labels == first.labels


def test_empty_links_are_left_out() -> None:
    second = grafana.content(_sample("firing").submissions[1].line)
    assert not {"dashboard_url", "panel_url", "image_url"} & second.annotations.keys()


def test_annotation_of_the_rule_wins_over_grafanas() -> None:
    told = _content(annotations={"dashboard_url": "mine"}, dashboardURL="theirs", panelURL="theirs")
    assert told.annotations == {"dashboard_url": "mine", "panel_url": "theirs"}


def test_value_string_stands_in_for_values() -> None:
    assert _content(values=None, valueString="[ var='A' value=1 ]").annotations == {"values": "[ var='A' value=1 ]"}
    assert _content(values={"A": 1}, valueString="long").annotations == {"values": "A=1"}


@pytest.mark.parametrize("odd", [{"values": [1]}, {"values": 3}, {"dashboardURL": 3}, {"valueString": {}}])
def test_odd_extras_are_left_out_and_lose_no_alert(odd: dict[str, object]) -> None:
    assert _content(**odd).annotations == {}


def test_resolve_is_of_the_same_alert_as_its_firing() -> None:
    fired, resolved = _sample("firing").submissions[0], _sample("resolved").submissions[0]
    assert identity(fired.labels, fired.fingerprint) == identity(resolved.labels, resolved.fingerprint)
    assert resolved.ends_at == "2021-10-12T10:01:03.157076+02:00"


def test_alerts_that_differ_in_a_hidden_label_only_are_two() -> None:
    labels = {"alertname": "A", "team": "blue"}
    hidden = [fingerprint({**labels, "__alert_rule_uid__": uid}) for uid in ("one", "two")]
    assert len({identity(labels, sent) for sent in hidden}) == 2


def test_other_body_is_refused_as_no_grafana_webhook() -> None:
    with pytest.raises(FormatError, match="not a Grafana webhook") as refused:
        grafana.read(Received(b'{"receiver":"x"}', NOW_MS))
    assert [fault.field for fault in refused.value.faults] == ["alerts"]
