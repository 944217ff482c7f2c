"""A delivery survives snapshots and dead letters unchanged; what is none is refused."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import Alert, Envelope, Status
from alerts.decision import Classification, Delivery, Judge, Severity
from alerts.delivery_json import from_plain, to_plain
from alerts.errors import FormatError
from tests.support.events import delivery

texts = st.text(max_size=20)
maps = st.dictionaries(texts, texts, max_size=3)
envelopes = st.builds(Envelope, texts, texts, texts, texts, texts, st.integers(0, 2**53), reply=texts)
alerts = st.builds(
    Alert, texts, texts, st.sampled_from(Status), texts, texts, st.none() | texts, envelopes, maps, maps, texts
)  # fmt: skip
classifications = st.builds(
    Classification,
    st.sampled_from(Severity),
    texts,
    st.floats(0, 1),
    st.sampled_from(Judge),
    texts,
    st.lists(texts, max_size=3).map(tuple),
    texts,
)
deliveries = st.builds(Delivery, texts, texts, texts, alerts, classifications)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(deliveries)
def test_delivery_comes_back_from_json_as_it_was(given_: Delivery) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(given_)))) == given_


@given(deliveries)
def test_delivery_comes_back_with_the_types_it_had(given_: Delivery) -> None:
    back = from_plain(json.loads(json.dumps(to_plain(given_))))
    assert type(back.alert.status) is Status
    assert type(back.classification.severity) is Severity
    assert type(back.classification.source) is Judge
    assert type(back.classification.recommendations) is tuple
    assert type(back.alert.envelope) is Envelope


def test_plain_form_holds_no_class_of_ours() -> None:
    """A pickle of it must be readable when our classes have moved."""
    assert b"alerts" not in pickle.dumps(to_plain(delivery(target="x")))  # the word is in no value either


def test_plain_form_says_its_version() -> None:
    assert to_plain(delivery())["v"] == 1


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused_by_number(version: object) -> None:
    with pytest.raises(FormatError, match=f"version {version!r}"):
        from_plain({**to_plain(delivery()), "v": version})


@pytest.mark.parametrize("field", ["v", "id", "target", "transition", "alert", "classification"])
def test_delivery_without_a_field_is_refused(field: str) -> None:
    plain = to_plain(delivery())
    del plain[field]
    with pytest.raises(FormatError, match=field):
        from_plain(plain)


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("alert", "status", "burning"),
        ("alert", "envelope", None),
        ("alert", "surplus", 1),
        ("classification", "severity", "dreadful"),
        ("classification", "source", "oracle"),
        ("classification", "recommendations", None),
    ],
)
def test_field_that_is_not_what_it_should_be_is_refused(part: str, field: str, value: object) -> None:
    plain: Any = copy.deepcopy(to_plain(delivery()))
    plain[part][field] = value
    with pytest.raises(FormatError):
        from_plain(plain)


@given(st.dictionaries(st.sampled_from(["v", "id", "target", "transition", "alert", "classification"]), any_json))
def test_any_json_is_a_delivery_or_a_format_error(plain: dict[str, object]) -> None:
    for version in ({}, {"v": 1}):
        with pytest.raises(FormatError):
            from_plain({**plain, **version})
