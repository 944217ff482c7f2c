"""A webhook that says that alerts were left out raises a warning that its format can open."""

from __future__ import annotations

import json

import orjson
import pytest

from alerts.alert import Status
from alerts.instant import rfc3339
from alerts.record import decode, open_alert, split
from alerts.webhook import Webhook
from tests.support.events import ENVELOPE, NOW_MS, SAMPLES, read, submission

SAMPLE = (SAMPLES / "webhooks/s04_max_alerts/001.body").read_bytes()
HOURS_5_MS = 5 * 3600 * 1000


def changed(**fields: object) -> Webhook:
    return read(json.dumps(orjson.loads(SAMPLE) | fields).encode())


def test_real_webhook_that_was_cut_raises_a_warning_behind_its_alerts() -> None:
    sent = orjson.loads(SAMPLE)
    webhook = read(SAMPLE)
    assert sent["truncatedAlerts"] > 0
    assert len(webhook.submissions) == len(sent["alerts"])
    (own,) = webhook.own
    ((_, value),) = split(ENVELOPE, [own], 1)
    (arrival,) = decode(value, NOW_MS)
    assert arrival.id == f"{ENVELOPE.id}-{len(sent['alerts'])}"
    assert (arrival.status, arrival.name) == (Status.FIRING, "WinnowAlertsTruncated")
    assert (arrival.starts_at, arrival.ends_at) == (rfc3339(NOW_MS), rfc3339(NOW_MS + HOURS_5_MS))
    alert = open_alert(arrival)
    assert alert.labels["severity"] == "warning"
    assert alert.labels["receiver"] == sent["receiver"]
    assert alert.annotations["summary"].startswith(f"{sent['truncatedAlerts']} alerts")
    assert "max_alerts" in alert.annotations["description"]


@pytest.mark.parametrize("count", [0, None])
def test_webhook_that_was_not_cut_raises_none(count: int | None) -> None:
    assert changed(truncatedAlerts=count).own == ()


def test_same_group_is_the_same_alert_however_many_were_cut_and_another_group_is_another() -> None:
    labels = [
        changed(**fields).own[0].labels
        for fields in ({}, {"truncatedAlerts": 99}, {"groupKey": "other"}, {"receiver": "other"})
    ]
    assert labels[0] == labels[1]
    assert len({tuple(each.items()) for each in labels}) == 3


def test_warning_bounds_what_it_quotes() -> None:
    own = changed(receiver="r" * 100_000, groupKey="\ud800" + "g" * 100_000).own[0]
    assert len(own.line) < 4000


def test_webhook_of_any_other_making_has_nothing_to_say() -> None:
    assert Webhook("", "", [submission()], []).own == ()
