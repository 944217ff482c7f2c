"""Real bodies, each with the paths that take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from alerts.formats import formats
from tests.support.events import SAMPLES
from tests.support.mappings import FILES, FOLDER, samples, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from alerts.formats import Format

# Where bodies of a format lie, by the name of the folder.
_FOLDERS = {"webhooks": "alertmanager", "v2_alerts": "prometheus"}


class Sample(NamedTuple):
    """A real body."""

    format: str
    paths: tuple[str, ...]
    body: bytes


def forms() -> Mapping[str, Format]:
    """All formats, those of the shipped mappings among them."""
    return {**formats(), **shipped()}


def mappings() -> list[object]:
    """The shipped mappings as winnow.yaml has them."""
    return [mapping for file in FILES for mapping in yaml.safe_load(file.read_text())["mappings"]]


def corpus(more: Path | None = None) -> list[Sample]:
    """All samples of this repository, and those below a further folder that is laid out as tests/samples is."""
    found = [sample for folder in (SAMPLES, more) if folder is not None for sample in _below(folder)]
    for name, form in shipped().items():
        found += [Sample(name, form.PATHS, file.read_bytes()) for file in samples(name)]
    assert FOLDER.is_dir()
    return found


def _below(folder: Path) -> Iterator[Sample]:
    for file in sorted(folder.rglob("*.body")):
        parts = file.relative_to(folder).parts
        name = parts[1] if parts[0] == "formats" else _FOLDERS.get(parts[0], "")
        if name in formats():
            yield Sample(name, formats()[name].PATHS, file.read_bytes())
