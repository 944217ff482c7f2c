"""A body is read and validated: each format, by its sample and, for Alertmanager, at the sizes of the whole path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from alerts import bounds
from alerts.formats import formats
from alerts.webhook import Received
from benchmarks.bodies import webhook
from benchmarks.events import NOW_MS
from benchmarks.stage import Limit, Stage
from tests.support.mappings import samples, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.formats import Format
    from benchmarks.settings import Bench

_SAMPLES = Path(__file__).parents[2] / "tests" / "samples"
_RECORDED = {
    "alertmanager": "webhooks/s02_many_grouped/001.body",
    "cloudevents": "formats/cloudevents/batch.body",
    "grafana": "formats/grafana/firing.body",
    "prometheus": "formats/prometheus/p04_batches_200/001.body",
}


def stages(_: Bench) -> Iterator[Stage]:
    """CPU an alert; the limit is the parser alone."""
    form = formats()["alertmanager"]
    for count in (1, 100):
        yield _stage(f"validate alertmanager, {count}-alert bodies", form, webhook(range(count)))
    for name, sample in _RECORDED.items():
        yield _stage(f"validate {name}, recorded", formats()[name], (_SAMPLES / sample).read_bytes())
    for name, mapping in shipped().items():
        yield _stage(f"validate {name} (mapping), recorded", mapping, _alarm(mapping, name))


def _alarm(mapping: Format, name: str) -> bytes:
    """The first of its samples that holds an alert."""
    bodies = (file.read_bytes() for file in samples(name))
    return next(body for body in bodies if _read(mapping, body))


def _stage(what: str, form: Format, body: bytes) -> Stage:
    limit = Limit("orjson.loads of the same bytes", lambda: orjson.loads(body))
    return Stage(what, "alert", _read(form, body), lambda: _read(form, body), limit)


def _read(form: Format, body: bytes) -> int:
    return len(bounds.read(form, Received(body, NOW_MS)).submissions)
