"""Completion in shells: what is typed there, and which names could come next.

The shell calls `winnow` with what is typed in its environment (`winnow completion` prints what makes it do so), in the
protocol of typer (its module _completion_classes).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from alerts.errors import WinnowError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Config

VARIABLE = "_WINNOW_COMPLETE"
"""Set by a shell that asks what could come next."""
_TYPED = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")


def typed(environ: Mapping[str, str]) -> list[str] | None:
    """The words after `winnow` in a shell that asks what could come next; None: none asks."""
    if VARIABLE not in environ:
        return None
    line = next((environ[name] for name in _TYPED if name in environ), "")
    return line.split()[1:]


def targets() -> list[str]:
    """The names of winnow.yaml's targets."""
    config = _config()
    return [] if config is None else [one.name for one in config.targets]


def forms() -> list[str]:
    """The formats, and the mappings of winnow.yaml."""
    from alerts.formats import formats  # noqa: PLC0415 takes 50 ms, and help is quick

    config = _config()
    return [*formats(), *(() if config is None else (one.name for one in config.mappings))]


def endpoints() -> list[str]:
    """Where the gateway takes webhooks."""
    return ["/webhook/proxy", "/api/v2/alerts", *(f"/v1/webhooks/{name}" for name in forms())]


def _config() -> Config | None:
    """What there is; a fault in it is told by the verb itself, not while it is typed."""
    from connectors.configuration import load  # noqa: PLC0415 as above

    with suppress(WinnowError):
        return load(needs_sources=False, needs_secrets=False)
    return None
