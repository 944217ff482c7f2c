"""What every ingest format owes the house; formats are found by the names of their files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import FormatError, LimitError
from alerts.formats import Format, formats, header_prefixes, lines_as, methods, types
from alerts.record import decode, open_alert, split
from alerts.webhook import NO_HEADERS, Received, Webhook
from tests.support import mappings
from tests.support.events import ENVELOPE, NOW_MS, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where a format's real bodies lie, unless it is tests/samples/formats/<name>.
ELSEWHERE = {"alertmanager": SAMPLES / "webhooks"}
FILES = {path.stem for path in (Path(__file__).parents[2] / "alerts" / "formats").glob("*.py")} - {"__init__"}

# Those of winnow.yaml too, made of the mappings that are shipped.
FORMS: dict[str, Format] = {**formats(), **mappings.shipped()}

every_format = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)

words = st.sampled_from(
    ["alerts", "labels", "alertname", "receiver", "status", "firing", "startsAt", "annotations", "2025-11-24T16:00:00Z"]
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)


def _samples(name: str) -> list[Path]:
    if name not in formats():  # some tell of no alert: a subscription, a change of hands
        return [path for path in mappings.samples(name) if not FORMS[name].read(_received(path)).note]
    return sorted(ELSEWHERE.get(name, SAMPLES / "formats" / name).rglob("*.body"))


def _lines(webhook: Webhook) -> list[bytes]:
    return [submission.line for submission in webhook.submissions]


def _received(path: Path) -> Received:
    """The sample as it comes, with the headers that lie beside it if its meaning needs them."""
    beside = path.with_suffix(".headers")
    lines = beside.read_text().splitlines() if beside.exists() else []
    return Received(path.read_bytes(), NOW_MS, dict(line.split(": ", 1) for line in lines))


SAMPLE_BODIES = [
    pytest.param(form, path, id=f"{name}-{path.parent.name}-{path.stem}")
    for name, form in FORMS.items()
    for path in _samples(name)
]


def _read(form: Format, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Webhook:
    """What the format reads; nothing at all if it refuses, and no other error may come."""
    try:
        return form.read(Received(body, NOW_MS, headers))
    except FormatError:
        return Webhook("", "", [], [])


def test_every_file_is_a_format() -> None:
    assert set(formats()) == FILES


@every_format
def test_format_has_paths_read_and_content(form: Format) -> None:
    assert form.PATHS
    assert all(path.startswith("/") for path in form.PATHS)
    assert callable(form.read)
    assert callable(form.content)
    assert set(methods(form)) <= {"POST", "PUT"}
    assert "application/json" in types(form)
    assert all(text == text.lower() for text in (*types(form), *header_prefixes(form)))


def test_no_path_belongs_to_two_formats() -> None:
    paths = [path for form in FORMS.values() for path in form.PATHS]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("name", FORMS)
def test_format_has_a_real_sample(name: str) -> None:
    assert _samples(name), f"put a real, scrubbed body under tests/samples/formats/{name}/"


@pytest.mark.parametrize(("form", "path"), SAMPLE_BODIES)
def test_every_alert_of_a_sample_is_valid(form: Format, path: Path) -> None:
    webhook = form.read(_received(path))
    assert webhook.submissions
    assert not webhook.rejected


@pytest.mark.parametrize(("form", "path"), SAMPLE_BODIES)
def test_sample_comes_through_kafka_with_the_labels_it_was_sent_with(form: Format, path: Path) -> None:
    name = next(lines_as(form, name) for name, one in FORMS.items() if one is form)
    webhook = form.read(_received(path))
    records = list(split(ENVELOPE._replace(format=name), webhook.submissions, 32))
    opened = [open_alert(arrival) for _, value in records for arrival in decode(value, NOW_MS)]
    labels = {one.owner: one.labels for one in webhook.submissions}
    assert {alert.fingerprint: alert.labels for alert in opened} == labels


@pytest.mark.parametrize(("form", "path"), SAMPLE_BODIES)
def test_alert_of_a_sample_is_read_alone_as_it_is_among_others(form: Format, path: Path) -> None:
    for submission in form.read(_received(path)).submissions:
        webhook = form.read(Received(form.alone(submission.line), NOW_MS))
        assert webhook.submissions == [submission._replace(position=0)]
        assert not webhook.rejected


@pytest.mark.parametrize("name", formats())
def test_crowd_of_entries_that_are_no_alerts_is_refused_as_one(name: str) -> None:
    entries = b"[" + b",".join([b"{}"] * 10_000) + b"]"
    bodies = [entries, b'{"receiver":"r","alerts":' + entries + b"}", b'{"data":' + entries + b"}"]
    assert {_limit(formats()[name], Received(body, NOW_MS)) for body in bodies} == {"entries"}


@every_format
def test_body_that_is_too_deep_is_refused_as_such(form: Format) -> None:
    deep = Received(b'{"receiver":"r","alerts":[' + b"[" * 5 + b"]" * 5 + b"]}", NOW_MS, json_depth=6)
    assert _limit(form, deep) == "json_depth"
    assert _limit(form, deep._replace(json_depth=7)) != "json_depth"


def _limit(form: Format, received: Received) -> str:
    """The limit that a body goes over."""
    try:
        form.read(received)
    except LimitError as error:
        return error.limit
    except FormatError:
        return ""
    return ""


@every_format
@given(body=st.binary(max_size=200))
def test_bytes_are_read_or_refused_by_a_format_error(form: Format, body: bytes) -> None:
    _read(form, body)


@every_format
@given(value=any_json)
def test_json_is_read_or_refused_by_a_format_error(form: Format, value: object) -> None:
    _read(form, orjson.dumps(value))


@every_format
@given(line=st.binary(max_size=200) | any_json.map(orjson.dumps))
def test_line_is_opened_or_refused_by_a_format_error(form: Format, line: bytes) -> None:
    try:
        labels, annotations, url = form.content(line)
    except FormatError:
        return
    for text in [*labels.keys(), *labels.values(), *annotations.keys(), *annotations.values(), url]:
        assert type(text) is str


@pytest.mark.parametrize(("form", "path"), SAMPLE_BODIES)
@settings(deadline=None)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_whatever_a_changed_byte_lets_through_can_be_opened(form: Format, path: Path, place: int, byte: int) -> None:
    sample = _received(path)
    body = bytearray(sample.body)
    body[place % len(body)] = byte
    for line in _lines(_read(form, bytes(body), sample.headers)):
        assert b"\n" not in line
        assert form.content(line).labels


@pytest.mark.parametrize(("form", "path"), SAMPLE_BODIES)
def test_only_where_senders_repeat_does_a_firing_alert_have_an_end(form: Format, path: Path) -> None:
    """For silence ends it then (docs/silence.md)."""
    ends = [one.ends_at for one in form.read(_received(path)).submissions if one.status == "firing"]
    assert all(end is not None for end in ends) if form is formats()["prometheus"] else not any(ends)
