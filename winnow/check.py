"""`winnow check`: whether a configuration can be used."""

import os
from pathlib import Path
from typing import Annotated

import typer

from alerts.config_file import version
from alerts.errors import ConfigError
from connectors.configuration import load, locate
from http_gateway.senders import exposure
from http_gateway.tls.door import doubts


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The file; else the one WINNOW_CONFIG names, else winnow.yaml.")
    ] = None,
) -> None:
    """Say whether a configuration can be used, and name everything that is wrong with it.

    Exits with 2 when it cannot.
    """
    try:
        config = load(file)
        exposure.check(config.gateway)
        doubtful = doubts(config, locate(file, os.environ).resolve().parent)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    enabled = sum(target.enabled for target in config.targets)
    rules = len(config.filter) + sum(len(target.filter) for target in config.targets)
    typer.echo(
        f"ok: version {version(config)}, filter rules: {rules}, routes: {len(config.routes)}, "
        f"targets: {len(config.targets)} ({enabled} enabled)"
    )
    for doubt in doubtful:
        typer.echo(f"warning: {doubt}", err=True)
    if not enabled:
        typer.echo("no target is enabled: nobody will be told", err=True)
