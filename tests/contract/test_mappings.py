"""What every mapping in deploy/mappings owes those who copy it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alerts.mapped_alert import NOTE
from alerts.webhook import Received
from tests.support.events import NOW_MS, SAMPLES
from tests.support.mappings import FILES, FOLDER, mapping, samples, shipped

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.mapped import Mapped
    from alerts.webhook import Webhook

# What each sample comes out as: {"alerts": [...], "note": ...}.
EXPECTED = SAMPLES / "mappings"

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
every_sample = pytest.mark.parametrize(
    ("form", "path"),
    [pytest.param(form, path, id=f"{name}-{path.stem}") for name, form in shipped().items() for path in samples(name)],
)


def _read(form: Mapped, path: Path) -> Webhook:
    return form.read(Received(path.read_bytes(), NOW_MS))


def _outcome(form: Mapped, path: Path) -> dict[str, object]:
    webhook = _read(form, path)
    alerts = []
    for one in webhook.submissions:
        labels, annotations, url = form.content(one.line)
        times = {"status": one.status.value, "starts_at": one.starts_at, "ends_at": one.ends_at}
        alerts.append({"owner": one.owner, "labels": labels, "annotations": annotations, "url": url, **times})
    return {"alerts": alerts, "ignored": webhook.ignored, "note": webhook.note}


@every_file
def test_mapping_is_named_like_its_file(file: Path) -> None:
    assert mapping(file.read_text()).name == file.stem


@every_file
def test_mapping_says_where_its_facts_come_from(file: Path) -> None:
    assert "# https://" in file.read_text()


@every_file
def test_mapping_has_samples_of_a_firing_and_a_resolve(file: Path) -> None:
    form = shipped()[file.stem]
    found = {one.status.value for path in samples(file.stem) for one in _read(form, path).submissions}
    assert found == {"firing", "resolved"}


def test_no_sample_is_without_a_mapping() -> None:
    assert {path.name for path in (FOLDER / "samples").iterdir()} == {file.stem for file in FILES}


@every_sample
def test_sample_comes_out_whole(form: Mapped, path: Path) -> None:
    webhook = _read(form, path)
    assert not webhook.rejected
    assert not [one for one in webhook.submissions if NOTE in form.content(one.line).annotations]


@every_sample
def test_sample_comes_out_as_it_should(form: Mapped, path: Path) -> None:
    assert _outcome(form, path) == json.loads((EXPECTED / path.parent.name / path.name).read_text())


@pytest.mark.parametrize(
    ("name", "firing", "resolve"),
    [
        ("datadog", "triggered", "recovered"),
        ("zabbix", "problem", "recovery"),
        ("sentry", "issue_alert", "issue_resolved"),
        ("sentry", "metric_alert", "metric_resolved"),
        ("cloudwatch", "alarm", "ok"),
    ],
)
def test_resolve_is_of_the_alert_that_fired(name: str, firing: str, resolve: str) -> None:
    folder = FOLDER / "samples" / name
    first, last = (_read(shipped()[name], folder / f"{one}.json").submissions[0] for one in (firing, resolve))
    assert first.owner == last.owner
    assert first.labels["alertname"] == last.labels["alertname"]
