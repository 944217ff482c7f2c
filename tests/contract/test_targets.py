"""What holds for every kind of target, found by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from alerts.config import HttpTarget, Target
from alerts.decision import Judge, Severity
from connectors.request import Answer, Judgement, Message, Request
from connectors.targets import judge_of, kinds, render_heartbeat
from tests.support.build import AT, alert, classification, delivery, hostile, huge, resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.decision import Delivery

KINDS = sorted(kinds())
# None is above a megabyte; where the target says less, so do we. The module's own words: BODY_MAX_*.
BODY_MAX_BYTES = {"pagerduty": 512_000, "slack": 36_000, "kafka": 1_000_000, "rootly": 256_000, "webhook": 1_000_000}
# PagerDuty's protocol wants the key in the body.
IN_BODY = {"pagerduty": {"routing_key"}}
ANY = st.text(st.characters(exclude_categories=()))

pytestmark = pytest.mark.parametrize("kind", KINDS)


def config(kind: str, **changes: object) -> Target:
    return kinds()[kind].Config.model_validate(kinds()[kind].EXAMPLE | changes)


def render(kind: str, told: Delivery) -> Request | Message:
    return kinds()[kind].render(config(kind), told, AT)


def body(made: Request | Message) -> bytes:
    return made.body if isinstance(made, Request) else made.value


def secrets(of: Target, *, but: set[str] = frozenset()) -> Iterator[str]:  # type: ignore[assignment]
    for name, value in of:
        inner = value.values() if isinstance(value, dict) else [value]
        if name not in but:
            yield from (one.get_secret_value() for one in inner if isinstance(one, SecretStr))
    if isinstance(of, HttpTarget):
        yield of.url


def test_example_is_valid_and_of_its_kind(kind: str) -> None:
    assert config(kind).kind == kind
    assert issubclass(kinds()[kind].Config, Target)


def test_unknown_keys_are_refused(kind: str) -> None:
    with pytest.raises(ValidationError):
        config(kind, colour="red")


def test_module_names_its_source(kind: str) -> None:
    assert "https://" in str(kinds()[kind].__doc__)


def test_same_delivery_at_the_same_time_is_the_same_request(kind: str) -> None:
    assert render(kind, delivery()) == render(kind, delivery())


def test_order_of_labels_and_annotations_does_not_matter(kind: str) -> None:
    one = alert()
    turned = one._replace(
        labels=dict(reversed(one.labels.items())), annotations=dict(reversed(one.annotations.items()))
    )
    assert render(kind, delivery(alert=one)) == render(kind, delivery(alert=turned))


def test_repeat_of_an_attempt_has_the_same_body(kind: str) -> None:
    """But for a target that is told again and again until when to believe it: that of a resolved alert stays."""
    told = delivery(alert=resolved()) if config(kind).heartbeat else delivery()
    later = kinds()[kind].render(config(kind), told, AT + timedelta(minutes=1))
    assert body(later) == body(render(kind, told))


def test_heartbeat_is_rendered_by_those_that_want_one(kind: str) -> None:
    wants = config(kind).heartbeat is not None
    assert hasattr(kinds()[kind], "render_heartbeat") is wants
    if wants:
        made = render_heartbeat(config(kind), [delivery(), hostile()], AT)
        assert made == render_heartbeat(config(kind), [delivery(), hostile()], AT)
        assert len(json.loads(made.body)) == 2


def test_notification_or_alert_can_be_recognised(kind: str) -> None:
    made, told = render(kind, delivery()), delivery()
    assert any(text in str(made) for text in (told.id, told.alert.fingerprint))


def test_resolve_differs_from_firing(kind: str) -> None:
    assert body(render(kind, delivery())) != body(render(kind, delivery(alert=resolved())))


def test_what_was_replayed_says_so_under_the_same_id_and_nothing_else_does(kind: str) -> None:
    told = delivery()
    made, replayed = render(kind, told), render(kind, told._replace(replayed=True))
    assert "replayed" in str(replayed).lower()
    assert "replayed" not in str(made).lower()
    for id_ in (told.id, told.alert.fingerprint):
        assert (id_ in str(made)) is (id_ in str(replayed))


def test_secrets_stand_in_no_repr(kind: str) -> None:
    made = config(kind)
    assert not [secret for secret in secrets(made) if secret in repr(made) or secret in str(made)]


def test_secrets_stand_in_no_body(kind: str) -> None:
    told = body(render(kind, delivery())).decode()
    assert not [secret for secret in secrets(config(kind), but=IN_BODY.get(kind, set())) if secret in told]


def test_requests_can_be_sent(kind: str) -> None:
    made = render(kind, hostile())
    if isinstance(made, Request):
        assert made.url.isascii()
        assert made.headers["content-type"].startswith("application/json")
        assert all(
            name == name.lower() and value.isascii() and value.isprintable() for name, value in made.headers.items()
        )


@pytest.mark.parametrize("character", ["x", "\u00e4", "漢", "😀", '"', "&", "<", "\x01", "\x00", "\ud800"], ids=ascii)
def test_huge_alert_is_a_small_enough_body(kind: str, character: str) -> None:
    made = body(render(kind, huge(character)._replace(replayed=True)))
    assert json.loads(made)
    assert len(made) <= BODY_MAX_BYTES.get(kind, 2_000_000)


def test_hostile_text_is_valid_json_without_nul(kind: str) -> None:
    made = body(render(kind, hostile()))
    assert json.loads(made)
    assert b"\\u0000" not in made
    assert b"\\ud800" not in made


def test_empty_alert_can_be_told(kind: str) -> None:
    empty = alert(name="", labels={}, annotations={}, generator_url="", starts_at="", ends_at="")
    bare = empty._replace(envelope=empty.envelope._replace(source="", receiver="", group_key="", format=""))
    found = classification(category="", reasoning="", recommendations=())
    assert json.loads(body(render(kind, delivery(alert=bare, classification=found, transition=""))))


@pytest.mark.parametrize("source", Judge)
@pytest.mark.parametrize("severity", Severity)
def test_every_severity_and_judge_can_be_told(kind: str, severity: Severity, source: Judge) -> None:
    assert render(kind, delivery(classification=classification(severity=severity, source=source)))


@given(name=ANY, labels=st.dictionaries(ANY, ANY), annotations=st.dictionaries(ANY, ANY), url=ANY)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_an_alert_says_is_told(
    kind: str, name: str, labels: dict[str, str], annotations: dict[str, str], url: str
) -> None:
    told = delivery(alert=alert(name=name, labels=labels, annotations=annotations, generator_url=url))
    assert json.loads(body(render(kind, told)))


@given(text=ANY)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_a_known_annotation_or_label_says_is_told(kind: str, text: str) -> None:
    annotations = dict.fromkeys(("summary", "description", "runbook_url", "dashboard_url", "image_url"), text)
    labels = dict.fromkeys(("alertname", "namespace", "instance", "job", "change_event"), text)
    found = classification(reasoning=text, category=text, recommendations=(text,))
    told = delivery(alert=alert(labels=labels, annotations=annotations), classification=found)
    assert json.loads(body(render(kind, told)))


@pytest.mark.parametrize(
    "answered", [b"", b"ok", b"{}", b"[]", b"no_service", b"o", b"\xff\x00", b'{"ok": false}', b'{"ok":']
)
def test_every_status_means_something(kind: str, answered: bytes) -> None:
    for status in range(100, 600):
        meant = judge_of(kind, Answer(status, {}, answered))
        assert isinstance(meant, Judgement)
        assert (meant is Judgement.DELIVERED) <= (200 <= status < 300)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_trouble_is_retried(kind: str, status: int) -> None:
    assert judge_of(kind, Answer(status, {}, b"")) is Judgement.RETRY


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 422])
def test_final_statuses_and_redirects_are_refused(kind: str, status: int) -> None:
    assert judge_of(kind, Answer(status, {}, b"")) is Judgement.REFUSED
