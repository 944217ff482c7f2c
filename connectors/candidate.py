"""The candidate that winnow.yaml names under `shadow`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from alerts.errors import ConfigError
from connectors.configuration import load, locate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from alerts.config import Config


def candidate_file(config: Config, path: Path | None = None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The candidate's file; None if there is none.

    Args:
        config: The configuration that names it.
        path: Its file, as `connectors.configuration.load` takes it: a relative candidate lies beside it.
        environ: As there.
    """
    if config.shadow is None:
        return None
    return locate(path, os.environ if environ is None else environ).parent / config.shadow.config


def candidate(config: Config, path: Path | None = None, environ: Mapping[str, str] | None = None) -> Config | None:
    """The candidate; None if there is none. It looks for the same Kafka, and needs no secrets: it tells nobody.

    Args:
        config: As for `candidate_file`.
        path: As there.
        environ: As there.

    Raises:
        ConfigError: Its file cannot be read, or cannot be used: every fault, one a line, each with its file.
    """
    file = candidate_file(config, path, environ)
    if file is None:
        return None
    try:
        found = load(file, environ, needs_sources=False, needs_secrets=False)
    except ConfigError as error:
        raise ConfigError(f"shadow: the candidate {file} cannot be used:\n{error}") from None
    return found.model_copy(update={"kafka": config.kafka, "shadow": None})
