from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from connectors.targets import webhook
from connectors.targets.webhook import EXAMPLE, Config, render, render_several
from tests.support.build import (
    ACCEPTED_MS,
    AT,
    ENDS_AT,
    STARTS_AT,
    TRACEPARENT,
    alert,
    delivery,
    huge,
    resolved,
    traced,
)

# The test vector of the specification's own libraries.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_KEY = "whsec_" + base64.b64encode(b"o" * 24).decode()


def config(**changes: object) -> Config:
    return Config.model_validate({"name": "hook", "kind": "webhook", "url": "https://x.example.com/h", **changes})


def body(told: object = None) -> dict[str, object]:
    made: dict[str, object] = json.loads(render(config(), told or delivery(), AT).body)  # type: ignore[arg-type]
    return made


def test_signature_is_that_of_the_reference_libraries() -> None:
    content = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert webhook.signature(SecretStr(KEY), content) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_headers_are_those_of_standard_webhooks() -> None:
    made = render(config(secret=KEY), delivery(), AT)
    assert made.headers["webhook-id"] == delivery().id
    assert made.headers["webhook-timestamp"] == "1795489507"
    content = f"{delivery().id}.1795489507.".encode() + made.body
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, content, "sha256").digest()).decode()
    assert made.headers["webhook-signature"] == f"v1,{expected}"


def test_trace_context_of_the_sender_goes_along() -> None:
    assert render(config(), traced(), AT).headers["traceparent"] == TRACEPARENT
    assert "traceparent" not in render(config(), delivery(), AT).headers


def test_without_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in render(config(), delivery(), AT).headers


def test_during_a_rotation_both_secrets_sign_the_new_one_first() -> None:
    both = render(config(secret=KEY, previous_secret=OLD_KEY), delivery(), AT).headers["webhook-signature"]
    alone = [render(config(secret=key), delivery(), AT).headers["webhook-signature"] for key in (KEY, OLD_KEY)]
    assert both == " ".join(alone)


def test_later_attempt_has_the_same_id_and_another_time_and_signature() -> None:
    first, second = (render(config(secret=KEY), delivery(), AT + timedelta(seconds=s)) for s in (0, 60))
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 60
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_fields_of_the_alert_stand_at_the_top() -> None:
    made, told = body(), alert()
    assert made["alert_name"] == "PostgresDown"
    assert made["fingerprint"] == told.fingerprint
    assert made["status"] == "firing"
    assert made["labels"] == told.labels
    assert made["annotations"] == told.annotations
    assert made["starts_at"] == STARTS_AT
    assert made["ends_at"] is None
    assert made["generator_url"] == told.generator_url


def test_where_it_came_from_and_what_it_tells_stand_beside() -> None:
    made = body()
    assert made["notification_id"] == delivery().id
    assert made["transition"] == delivery().transition
    assert made["receiver"] == "team"
    assert made["group_key"] == "{}:{}"
    assert made["accepted_at"] == "2026-11-24T03:05:05.250Z"


def test_classification_is_told_with_its_true_source() -> None:
    assert body()["classification"] == {
        "severity": "critical",
        "category": "database",
        "confidence": 0.8,
        "source": "llm",
        "rule": "model",
        "reasoning": "The primary stopped answering.",
        "recommendations": ["Check the disk", "Fail over", "Call the DBA", "Go home"],
    }


def test_type_and_timestamp_tell_of_the_event() -> None:
    firing, over = body(), body(delivery(alert=resolved()))
    assert (firing["type"], firing["timestamp"]) == ("alert.firing", STARTS_AT)
    assert (over["type"], over["timestamp"]) == ("alert.resolved", ENDS_AT)


def test_resolve_without_end_happened_when_it_was_accepted() -> None:
    assert body(delivery(alert=resolved(ends_at=None)))["timestamp"] == "2026-11-24T03:05:05.250Z"
    assert ACCEPTED_MS == 1_795_489_505_250


def test_own_headers_and_token_are_sent() -> None:
    made = render(config(token="t0k3n", headers={"X-Team": "db"}), delivery(), AT)
    assert made.headers["authorization"] == "Bearer t0k3n"
    assert made.headers["x-team"] == "db"


def test_no_secret_of_a_full_configuration_is_shown() -> None:
    full = config(
        url="https://x.example.com/h?key=q0q0", secret=KEY, previous_secret=OLD_KEY, headers={"X-Key": "h3ad3r"}
    )
    made = render(full, delivery(), AT)
    for secret in ("q0q0", KEY, OLD_KEY, "h3ad3r"):
        assert secret not in repr(full)
        assert secret.encode() not in made.body


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "plain",
        "whsec_",
        "whsec_not base64!",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        base64.b64encode(b"x" * 24).decode(),
        "whsec_\u00e4\udc80",
    ],
)
def test_secret_that_is_none_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValidationError, match="expected whsec_ and 24 to 64 bytes") as caught:
        config(secret=secret)
    assert len(secret) < 8 or secret not in str(caught.value)


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_of_the_sizes_the_specification_allows_are_taken(size: int) -> None:
    assert config(secret="whsec_" + base64.b64encode(b"x" * size).decode()).secret


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"previous_secret": KEY}, "expected a secret beside"),
        ({"token": "a", "headers": {"Authorization": "b"}}, "expected one of token"),
        ({"token": "a\nb"}, "expected visible ASCII"),
        ({"headers": {"X Team": "a"}}, "expected names of headers"),
        ({"headers": {"X-Team": "a\r\nb"}}, "expected visible ASCII"),
        ({"headers": {"Webhook-Id": "a"}}, "expected other headers"),
        ({"headers": {"host": "a"}}, "expected other headers"),
        ({"headers": {"X-Team": "a", "x-team": "b"}}, "expected each header once"),
    ],
)
def test_what_could_not_be_sent_is_refused_when_the_file_is_read(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        config(**changes)


def test_long_texts_are_cut_and_short_ones_stay() -> None:
    told = huge()
    made = webhook.document(told._replace(alert=told.alert._replace(labels={"alertname": "A", "long": "x" * 9000})))
    assert made["labels"] == {"alertname": "A", "long": "x" * 9000}
    assert str(made["alert_name"]).endswith("…")


def test_example_is_signed() -> None:
    assert "webhook-signature" in render(Config.model_validate(EXAMPLE), delivery(), AT).headers


def test_what_is_replayed_says_so_in_a_header_and_in_the_signed_document() -> None:
    told = delivery(replayed=True)
    made = render(config(headers={"Winnow-Replayed": "no"}), told, AT)
    assert (made.headers["winnow-replayed"], made.headers["webhook-id"]) == ("true", told.id)
    assert body(told)["replayed"] is True


def test_batch_is_a_list_of_documents_with_their_ids_signed_as_one() -> None:
    told = [delivery(id="a" * 32), delivery(id="b" * 32)]
    batched = config(batch=2, secret=KEY)
    made = render_several(batched, told, AT)
    assert json.loads(made.body) == [json.loads(render(config(), one, AT).body) for one in told]
    ids = f"{'a' * 32}, {'b' * 32}"
    content = f"{ids}.{made.headers['webhook-timestamp']}.".encode() + made.body
    assert made.headers["webhook-id"] == ids
    assert made.headers["webhook-signature"] == webhook.signature(SecretStr(KEY), content)


def test_batch_of_one_is_a_list_too() -> None:
    assert json.loads(render(config(batch=2), delivery(), AT).body) == [
        json.loads(render(config(), delivery(), AT).body)
    ]


def test_batch_belongs_to_a_trace_if_all_of_it_does() -> None:
    both = [traced(), delivery()]
    assert "traceparent" not in render_several(config(batch=2), both, AT).headers
    assert render_several(config(batch=2), [traced(), traced()], AT).headers["traceparent"] == TRACEPARENT


def test_alerts_go_one_by_one_unless_asked_otherwise() -> None:
    assert (config().alerts_a_request, config(batch=64).alerts_a_request) == (1, 64)
