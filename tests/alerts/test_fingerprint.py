"""Fingerprints are Prometheus'; identities tell apart what a sender tells apart."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.fingerprint import fingerprint, identity, partition_of

LABELS = {"alertname": "HighErrorRate", "instance": "api-1:9090", "job": "api", "severity": "critical"}
PRINT = "178e895cfd3d2ccc"
SAMPLES = Path(__file__).parents[1] / "samples" / "fingerprints.jsonl"


def _samples() -> list[tuple[dict[str, str], dict[str, str]]]:
    """Label sets and what Prometheus' library says of them; bytes that are no UTF-8 are not in JSON."""
    records = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    usable = [record for record in records if "fingerprint" in record and "labels_b64" not in record]
    return [(r["labels"] if "labels" in r else json.loads(r["labels_json"]), r) for r in usable]


texts = st.text(st.characters() | st.characters(categories=["Cs"]))
label_sets = st.dictionaries(texts, texts)


@pytest.mark.parametrize(("labels", "record"), [pytest.param(*sample, id=sample[1]["id"]) for sample in _samples()])
def test_fingerprint_is_the_one_prometheus_computes(labels: dict[str, str], record: dict[str, str]) -> None:
    assert fingerprint(labels) == record["fingerprint"]


@pytest.mark.parametrize(("labels", "record"), [pytest.param(*sample, id=sample[1]["id"]) for sample in _samples()])
def test_identity_is_what_alertmanager_puts_on_the_wire(labels: dict[str, str], record: dict[str, str]) -> None:
    if "am_fingerprint" in record:
        assert identity(labels, None) == record["am_fingerprint"]


def test_samples_are_there() -> None:
    assert len(_samples()) >= 50


@pytest.mark.parametrize("sent", [None, "", PRINT, PRINT.upper()])
def test_identity_is_the_fingerprint_unless_the_sender_has_another(sent: str | None) -> None:
    assert identity(LABELS, sent) == PRINT


def test_sender_may_count_empty_values_in_its_fingerprint() -> None:
    labels = {**LABELS, "team": ""}
    assert fingerprint(labels) != PRINT
    assert identity(labels, fingerprint(labels).upper()) == PRINT


def test_fingerprint_of_other_labels_is_an_own_identity() -> None:
    assert identity(LABELS, fingerprint({**LABELS, "team": ""})) != PRINT


def test_constant_sent_with_all_alerts_does_not_merge_them() -> None:
    assert identity(LABELS, "constant") != identity({**LABELS, "job": "web"}, "constant")


def test_rules_that_look_alike_stay_apart_if_the_sender_tells_them_apart() -> None:
    assert identity(LABELS, "rule-1") != identity(LABELS, "rule-2")


def test_identity_never_changes_between_versions() -> None:
    """They are in Kafka and in the state of the flow: by another hash every open alert is a stranger."""
    assert identity(LABELS, "rule-1") == "7e70d1fae9a887e3"
    assert identity(LABELS, "\ud800") == identity(LABELS, "\ufffd")


def test_no_labels_have_an_identity() -> None:
    assert identity({}, None) == identity({"a": ""}, None) == "cbf29ce484222325"


def test_labels_too_large_to_remember_get_the_same_identity() -> None:
    large = {**LABELS, "text": "x" * 5000}
    assert identity(large, None) == identity({**large, "team": ""}, None) == fingerprint(large)


def test_order_is_that_of_utf8_and_not_of_utf16() -> None:
    assert fingerprint({"\U0001f525": "y", "\ufb01": "x"}) == fingerprint({"\ufb01": "x", "\U0001f525": "y"})
    assert fingerprint({"\ud800": "x", "\U0001f525": "y"}) == fingerprint({"\ufffd": "x", "\U0001f525": "y"})


@given(label_sets, st.none() | texts)
def test_identity_is_hex_and_ignores_the_order(labels: dict[str, str], sent: str | None) -> None:
    found = identity(labels, sent)
    assert len(found) == 16
    assert set(found) <= set("0123456789abcdef")
    assert identity(dict(reversed(labels.items())), sent) == found


@given(st.dictionaries(st.text(), st.text()), st.text())
def test_empty_label_never_changes_the_identity(labels: dict[str, str], name: str) -> None:
    with_empty = {**labels, name: ""}
    without = {key: value for key, value in labels.items() if key != name}
    assert identity(with_empty, None) == identity(without, None)


@given(st.dictionaries(st.text(), st.text()), st.text(), st.text())
def test_text_may_not_move_between_a_name_and_its_value(labels: dict[str, str], name: str, value: str) -> None:
    assert fingerprint({**labels, name + "x": value}) != fingerprint({**labels, name: "x" + value})


@given(st.dictionaries(st.text(), st.text()), st.integers(1, 4096))
def test_partition_is_one_of_those_there_are(labels: dict[str, str], partitions: int) -> None:
    assert 0 <= partition_of(identity(labels, None), partitions) < partitions


def test_partition_is_the_remainder_of_the_fingerprint() -> None:
    assert partition_of("00000000000000ff", 32) == 31
    assert partition_of("0000000000000020", 32) == 0
