from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.targets.alertmanager import Config, render, render_heartbeat, render_several
from tests.support.build import AT, ENDS_AT, STARTS_AT, alert, classification, delivery, resolved
from tests.support.events import read

if TYPE_CHECKING:
    from alerts.decision import Delivery


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "am", "kind": "alertmanager", "url": "http://am:9093", **changes})


def told(of: Delivery | None = None, **changes: object) -> dict[str, Any]:
    made: list[dict[str, Any]] = json.loads(render(config(**changes), of or delivery(), AT).body)
    assert len(made) == 1
    return made[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://am:9093", "http://am:9093/api/v2/alerts"),
        ("http://am:9093/", "http://am:9093/api/v2/alerts"),
        ("http://am:9093/prefix", "http://am:9093/prefix/api/v2/alerts"),
        ("http://am:9093/api/v2/alerts", "http://am:9093/api/v2/alerts"),
        ("http://am:9093/?tenant=a", "http://am:9093/api/v2/alerts?tenant=a"),
    ],
)
def test_api_path_is_added_once(url: str, expected: str) -> None:
    assert render(config(url=url), delivery(), AT).url == expected


def test_labels_are_left_as_they_are() -> None:
    assert told()["labels"] == alert().labels


def test_alert_without_labels_gets_its_name() -> None:
    assert told(delivery(alert=alert(labels={})))["labels"] == {"alertname": "PostgresDown"}


def test_annotations_gain_the_classification_as_text() -> None:
    assert told()["annotations"] == {
        **alert().annotations,
        "llm_severity": "critical",
        "llm_confidence": "0.8",
        "llm_reasoning": "The primary stopped answering.",
        "llm_recommendations": "Check the disk; Fail over; Call the DBA",
    }


def test_reasoning_is_cut_at_500_characters() -> None:
    whole, cut = (
        told(delivery(classification=classification(reasoning="r" * size)))["annotations"]["llm_reasoning"]
        for size in (500, 501)
    )
    assert whole == "r" * 500
    assert cut == "r" * 499 + "…"


def test_what_nobody_said_is_left_out() -> None:
    quiet = delivery(classification=classification(reasoning="", recommendations=()))
    assert not {"llm_reasoning", "llm_recommendations"} & told(quiet)["annotations"].keys()


def test_firing_alert_has_a_start_and_lasts_for_four_heartbeats() -> None:
    assert told()["startsAt"] == STARTS_AT
    assert told()["endsAt"] == "2026-11-24T03:09:07.900000Z"
    assert told(repeat_every="5m")["endsAt"] == "2026-11-24T03:25:07.900000Z"


def test_resolved_alert_has_its_end() -> None:
    assert told(delivery(alert=resolved()))["endsAt"] == ENDS_AT


def test_resolved_alert_without_end_ended_when_it_was_accepted() -> None:
    assert told(delivery(alert=resolved(ends_at=None)))["endsAt"] == "2026-11-24T03:05:05.250Z"


def test_heartbeat_tells_all_of_its_alerts_as_they_were_told_and_has_no_id() -> None:
    both = [delivery(), delivery(alert=resolved(labels={"alertname": "Other"}))]
    made = render_heartbeat(config(), both, AT)
    assert json.loads(made.body) == [told(one) for one in both]
    assert (made.url, "webhook-id" in made.headers) == ("http://am:9093/api/v2/alerts", False)


def test_only_the_api_needs_heartbeats() -> None:
    assert config().heartbeat == timedelta(minutes=1)
    assert config(format="webhook").heartbeat is None


def test_address_that_alertmanager_would_refuse_is_left_out() -> None:
    assert told()["generatorURL"] == alert().generator_url
    assert "generatorURL" not in told(delivery(alert=alert(generator_url="not an address")))


def test_notification_id_is_in_a_header() -> None:
    assert render(config(), delivery(), AT).headers["webhook-id"] == delivery().id


def test_webhook_goes_to_the_address_itself() -> None:
    assert render(config(format="webhook", url="http://x.example/in"), delivery(), AT).url == "http://x.example/in"


def test_webhook_has_the_fields_alertmanager_sends() -> None:
    made = json.loads(render(config(format="webhook"), delivery(), AT).body)
    entry = made.pop("alerts")[0]
    assert made["version"] == "4"
    assert made["receiver"] == "team"
    assert made["status"] == entry["status"] == "firing"
    assert made["groupKey"] == "{}:{}"
    assert made["groupLabels"] == {"alertname": "PostgresDown"}
    assert made["commonLabels"] == entry["labels"]
    assert made["commonAnnotations"] == entry["annotations"]
    assert entry["endsAt"] == "0001-01-01T00:00:00Z"
    assert entry["fingerprint"] == alert().fingerprint


@pytest.mark.parametrize("of", [alert(), resolved(), alert(generator_url="")], ids=["firing", "resolved", "no address"])
def test_webhook_can_be_read_by_winnow_itself(of: Any) -> None:
    empty = of._replace(envelope=of.envelope._replace(receiver="", group_key=""))
    webhook = read(render(config(format="webhook"), delivery(alert=empty), AT).body)
    assert webhook.receiver == "oncall"
    assert not webhook.rejected
    assert [one.status for one in webhook.submissions] == [of.status]


def test_what_is_replayed_says_so_in_an_annotation() -> None:
    assert told(delivery(replayed=True))["annotations"]["winnow_replayed"] == "true"
    assert "winnow_replayed" not in told()["annotations"]


def test_several_are_one_list_with_their_ids_in_its_order() -> None:
    deliveries = [delivery(id="a" * 32), delivery(id="b" * 32, alert=resolved(fingerprint="00000000000000bb"))]
    made = render_several(config(), deliveries, AT)
    alone = [render(config(), one, AT) for one in deliveries]
    assert made.url == alone[0].url
    assert made.headers["webhook-id"] == f"{'a' * 32}, {'b' * 32}"
    assert json.loads(made.body) == [json.loads(one.body)[0] for one in alone]


def test_several_are_said_to_be_replayed_only_if_all_are() -> None:
    both = [delivery(id="a" * 32, replayed=True), delivery(id="b" * 32)]
    assert "winnow-replayed" not in render_several(config(), both, AT).headers
    assert render_several(config(), both[:1], AT).headers["winnow-replayed"] == "true"


def test_receiver_of_its_webhooks_is_told_one_alert_a_request() -> None:
    assert (config().alerts_a_request, config(format="webhook").alerts_a_request) == (64, 1)
