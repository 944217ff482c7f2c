"""The mappings that are shipped, with their samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alerts.config_file import Surroundings, parse
from alerts.mapped import Mapped

if TYPE_CHECKING:
    from alerts.config_mapping import Mapping

FOLDER = Path(__file__).parents[2] / "deploy" / "mappings"
FILES = sorted(FOLDER.glob("*.yaml"))


def mapping(text: str) -> Mapping:
    """The one mapping of this YAML."""
    (found,) = parse(text, "mappings.yaml", Surroundings(kinds={})).mappings
    return found


def shipped() -> dict[str, Mapped]:
    """All of them, by name."""
    found = [mapping(file.read_text()) for file in FILES]
    return {one.name: Mapped(one) for one in found}


def samples(name: str) -> list[Path]:
    """Bodies as they come."""
    return sorted((FOLDER / "samples" / name).glob("*.json"))
