"""Reads winnow.yaml, the secrets it points to, and the environment."""

from __future__ import annotations

import os
import zoneinfo
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from alerts.config_file import Surroundings, parse, read
from alerts.config_secrets import secrets
from alerts.errors import ConfigError
from connectors import redaction
from connectors.targets import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Config
    from alerts.config_file import Reading

DEFAULT = Path("winnow.yaml")
_SOURCES = (("gateway", "sources"),)
_LLM_KEYS = (("classify", "llm", "api_key"), ("classify", "llm", "api_key_file"))
FILE_MAX_BYTES = 1024**2
# Keys and certificates are a few KiB; more is the wrong file.
SECRET_MAX_BYTES = 64 * 1024

OVERRIDES = MappingProxyType(
    {
        "KAFKA_BOOTSTRAP": ("kafka", "bootstrap"),
        "WINNOW_FETCH_WAIT_MS": ("kafka", "client", "fetch.wait.max.ms"),
        "WINNOW_LISTEN": ("gateway", "listen"),
        "WINNOW_METRICS_LISTEN": ("flow", "metrics_listen"),
        "WINNOW_LLM_BASE_URL": ("classify", "llm", "base_url"),
        "WINNOW_LLM_MODEL": ("classify", "llm", "model"),
    }
)
"""Variables that take the place of what the file says, unless they are empty."""


def load(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    needs_sources: bool = True,
    needs_model: bool | None = None,
    needs_secrets: bool = True,
) -> Config:
    """The configuration Winnow runs with.

    Args:
        path: The file; None: the one `WINNOW_CONFIG` names, or `winnow.yaml` in the working directory.
        environ: None: the process's own.
        needs_sources: False: without `gateway.sources` if they cannot be used. Who looks at what is stored may well
            not be allowed to read how senders prove who they are.
        needs_model: False: without the model's key if it cannot be read; None: as `needs_sources`.
        needs_secrets: False: with something else in place of secrets and addresses that are missing beside the file.
            Who looks at what would be decided has no use for them.

    Raises:
        ConfigError: The file cannot be read, or cannot be used: every fault, one a line, without secrets.
    """
    variables = dict(os.environ if environ is None else environ)
    chosen = locate(path, variables)
    around, text = _surroundings(chosen, variables), _text(chosen)
    try:
        config = parse(text, str(chosen), around)
    except ConfigError:
        needs_key = needs_sources if needs_model is None else needs_model
        if needs_sources and needs_key and needs_secrets:
            raise
        left_out = (*(() if needs_sources else _SOURCES), *(() if needs_key else _LLM_KEYS))
        config = parse(
            text, str(chosen), replace(around, left_out=(*around.left_out, *left_out), needs_secrets=needs_secrets)
        )
    redaction.hide(secrets(config))
    return config


def examine(
    path: Path | None = None, environ: Mapping[str, str] | None = None, *, needs_secrets: bool = True
) -> Reading:
    """The configuration as `load` gives it, and where things stand in its file.

    Args:
        path: As for `load`.
        environ: As there.
        needs_secrets: False: without `gateway.sources`, the model's key and secrets beside the file.

    Raises:
        ConfigError: As `load`.
    """
    variables = dict(os.environ if environ is None else environ)
    chosen = locate(path, variables)
    around = _surroundings(chosen, variables)
    if not needs_secrets:
        around = replace(around, left_out=(*around.left_out, *_SOURCES, *_LLM_KEYS), needs_secrets=False)
    reading = read(_text(chosen), str(chosen), around)
    redaction.hide(secrets(reading.config))
    return reading


def locate(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The file that `load` reads."""
    return path or Path(environ.get("WINNOW_CONFIG") or DEFAULT)


def file_name(environ: Mapping[str, str] | None = None) -> str:
    """What the file is called that `load` reads, for messages: `winnow.yaml`, or as `WINNOW_CONFIG` has it."""
    return locate(None, os.environ if environ is None else environ).name


def _surroundings(chosen: Path, variables: dict[str, str]) -> Surroundings:
    return Surroundings(
        kinds={name: kind.Config for name, kind in kinds().items()},
        environ=variables,
        overrides=OVERRIDES,
        # The file's key belongs to the file's server, and to no other.
        left_out=_LLM_KEYS if variables.get("WINNOW_LLM_BASE_URL") else (),
        read_secret=lambda file: read_secret(chosen.parent / file),
        zones=_zones,
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _text(path: Path) -> str:
    fault, content = _bytes(path, FILE_MAX_BYTES)
    if fault:
        todo = "name another with WINNOW_CONFIG, or copy winnow.yaml from Winnow's repository and change it"
        raise ConfigError(f"{path}: {fault}" + (f"; {todo}" if not path.exists() else ""))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    # Outside the `except`: Python's error carries the whole file.
    raise ConfigError(f"{path}:{line}: expected UTF-8, got a byte that is none; save the file as UTF-8")


def read_secret(path: Path) -> str:
    """The text of a secret's file without the line end.

    Raises:
        ConfigError: It cannot be read; the text does not name it, the field's path does.
    """
    fault, content = _bytes(path, SECRET_MAX_BYTES)
    if fault:
        raise ConfigError(f"{fault} (a relative path starts at the folder of winnow.yaml)")
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        pass
    raise ConfigError("expected a file of UTF-8 text")


def _bytes(path: Path, limit: int) -> tuple[str, bytes]:
    """What is wrong with the file, or empty; and what it holds."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"cannot be read: {getattr(error, 'strerror', None) or 'no path'}", b""
    return (f"expected at most {limit} bytes, got more" if len(content) > limit else ""), content
