"""`winnow check`: whether a configuration can be used."""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from yarl import URL

from alerts.config import Config, HttpTarget
from alerts.config_file import version
from alerts.config_llm import Llm
from alerts.errors import ConfigError
from connectors.configuration import load, locate
from connectors.egress import Egress, RefusedAddressError
from http_gateway.senders import exposure
from http_gateway.tls.door import doubts

_INSIDE = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc")


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The file; else the one WINNOW_CONFIG names, else winnow.yaml.")
    ] = None,
) -> None:
    """Say whether a configuration can be used, and name everything that is wrong with it.

    Exits with 2 when it cannot.
    """
    path = locate(file, os.environ)
    try:
        config = load(file)
        exposure.check(config.gateway)
        doubtful = doubts(config, path.resolve().parent)
        _check_targets(config, path)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    enabled = sum(target.enabled for target in config.targets)
    rules = len(config.filter) + sum(len(target.filter) for target in config.targets)
    typer.echo(
        f"ok: version {version(config)}, filter rules: {rules}, routes: {len(config.routes)}, "
        f"targets: {len(config.targets)} ({enabled} enabled)"
    )
    if config.classify.llm is not None:
        typer.echo(_model(config.classify.llm))
        doubtful = (*doubtful, *_model_doubts(config.classify.llm))
    for doubt in doubtful:
        typer.echo(f"warning: {doubt}", err=True)
    if not enabled:
        typer.echo("no target is enabled: nobody will be told", err=True)


def _model(llm: Llm) -> str:
    most_s, critical_s = (span.total_seconds() for span in (llm.deadline, llm.critical_deadline))
    waits = f"alerts wait at most {most_s:g} s, critical ones {critical_s:g} s"
    return f"model: {llm.model} at {URL(llm.base_url).host} ({llm.dialect}); {waits}"


def _model_doubts(llm: Llm) -> Iterator[str]:
    url = URL(llm.base_url)
    if url.scheme == "http" and _is_public(url.host or ""):
        key = " and the api_key" if llm.api_key else ""
        yield f"classify.llm.base_url: what alerts say{key} goes to {url.host} unencrypted; use https"


def _is_public(host: str) -> bool:
    """Whether it looks like a host of the internet; a name is not resolved."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_INSIDE)


def _check_targets(config: Config, path: Path) -> None:
    if faults := [f"{path}: {fault}" for fault in _unreachable(config)]:
        raise ConfigError("\n".join(faults))


def _unreachable(config: Config) -> Iterator[str]:
    """The targets at addresses that stand in their `url` and that the flow will not connect to.

    A fault here only: the flow starts all the same and gives to a fallback, or to the dead letters, what is for them.
    """
    for place, target in enumerate(config.targets):
        if not target.enabled or not isinstance(target, HttpTarget):
            continue
        try:
            # As aiohttp takes the host out of it; what a name resolves to is seen when it is connected to.
            Egress(allow_private=target.allow_private).check_host(URL(target.url).raw_host or "")
        except RefusedAddressError as error:
            yield f"targets[{place}] ({target.name}).url: {error}"
