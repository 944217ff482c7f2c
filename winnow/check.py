"""`winnow check`: whether a configuration can be used."""

import ipaddress
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from yarl import URL

from alerts import config_tree
from alerts.config import Config, HttpTarget
from alerts.config_doubts import Kind
from alerts.config_file import Reading, version
from alerts.config_llm import Llm
from alerts.config_tree import hint
from alerts.errors import ConfigError, WinnowError
from connectors.candidate import candidate, candidate_file
from connectors.configuration import examine, locate
from connectors.egress import Egress, RefusedAddressError
from connectors.redaction import redacted
from http_gateway.senders import exposure
from http_gateway.tls.door import doubts
from winnow._output import Output, write_json

PANEL = "Configure it"
_TLS, _UNENCRYPTED, _NOBODY_TOLD, _CANDIDATE = "tls", "unencrypted", "nobody-told", "candidate"
_KINDS = frozenset({*map(str, Kind), _TLS, _UNENCRYPTED, _NOBODY_TOLD, _CANDIDATE})
_NOBODY = "no target is enabled: nobody will be told"
_INSIDE = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc")


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The file; else the one WINNOW_CONFIG names, else winnow.yaml.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="--strict lets pass warnings of this kind; as often as needed.",
            autocompletion=lambda: sorted(_KINDS),
        ),
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Say whether a configuration can be used, and what is odd.

    Everything that is wrong with it is named at once. Warnings are rules that never decide, routes that no alert comes
    to, targets that are never told, rules that can end critical alerts, secrets that stand in the file. A candidate
    that it names under `shadow` is looked at as well.

    Example: winnow check --strict --accept hides-critical candidate.yaml

    Exit codes:
        0: It can be used.
        1: It can, but there is a warning, and --strict was given.
        2: It cannot be used.
    """
    accepted = _accepted(accept or ())
    path = locate(file, os.environ)
    try:
        reading = examine(file)
        config = reading.config
        exposure.check(config.gateway)
        warnings = [*_of_file(reading, path), *_of_surroundings(config, path), *_of_candidate(reading, path)]
        warnings += _in_candidate(reading, path)
        _check_targets(reading, path, warnings)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if output is Output.JSON:
        write_json({**_summary(config), "warnings": [warning._asdict() for warning in warnings]})
    else:
        _write(config, warnings)
    if strict and any(warning.kind not in accepted for warning in warnings):
        raise typer.Exit(1)


def _accepted(kinds: Sequence[str]) -> frozenset[str]:
    for kind in kinds:
        if kind not in _KINDS:
            raise WinnowError(f"--accept: no warning is of the kind {kind[:40]!r}{hint(kind, _KINDS)}")
    return frozenset(kinds)


class Warn(NamedTuple):
    """One thing that can hardly be meant."""

    kind: str
    place: str
    """In words: `routes[2] (night)`; empty: the whole file."""
    line: int
    """0: none."""
    file: str
    text: str


def _of_file(reading: Reading, path: Path) -> Iterator[Warn]:
    for kind, place, text in reading.doubts():
        yield Warn(kind.value, reading.spelled(place), reading.document.line(place), str(path), text)
    if not any(target.enabled for target in reading.config.targets):
        yield Warn(_NOBODY_TOLD, "", 0, str(path), _NOBODY)


def _of_surroundings(config: Config, path: Path) -> Iterator[Warn]:
    for text in doubts(config, path.resolve().parent):
        yield Warn(_TLS, "gateway.tls", 0, str(path), text)
    if config.classify.llm is not None:
        for text in _model_doubts(config.classify.llm):
            yield Warn(_UNENCRYPTED, "classify.llm.base_url", 0, str(path), text)


def _of_candidate(reading: Reading, path: Path) -> Iterator[Warn]:
    """What is odd about the candidate beside this configuration; raises ConfigError if it cannot be used."""
    config = reading.config
    other = candidate(config, path)
    if other is None:
        return
    place = reading.spelled(("shadow",)), reading.document.line(("shadow",)), str(path)
    if version(other) == version(config):
        yield Warn(_CANDIDATE, *place, "the candidate decides as this file does, so there is nothing to compare")
    asked, model = other.classify.llm, config.classify.llm
    # Where it is and by which key says nothing of its answers.
    if asked is not None and version(Config(classify=other.classify)) != version(
        Config(classify=other.classify.model_copy(update={"llm": model}))
    ):
        by = "by its rules alone" if model is None else "by what the model of this file says"
        yield Warn(
            _CANDIDATE, *place, f"the candidate's classify.llm is another, and it asks nobody: it is judged {by}"
        )


def _in_candidate(reading: Reading, path: Path) -> Iterator[Warn]:
    """What the candidate itself has that can hardly be meant, but for what is told of this file already."""
    file = candidate_file(reading.config, path)
    if file is None:
        return
    here = {(kind, reading.spelled(place), text) for kind, place, text in reading.doubts()}
    other = examine(file, needs_secrets=False)
    for kind, place, text in other.doubts():
        if (kind, other.spelled(place), text) not in here:
            yield Warn(kind.value, other.spelled(place), other.document.line(place), str(file), text)


def _summary(config: Config) -> dict[str, object]:
    return {
        "version": version(config),
        "filter_rules": len(config.filter) + sum(len(target.filter) for target in config.targets),
        "routes": len(config.routes),
        "targets": len(config.targets),
        "enabled_targets": sum(target.enabled for target in config.targets),
    }


def _write(config: Config, warnings: list[Warn]) -> None:
    told = _summary(config)
    typer.echo(
        f"ok: version {told['version']}, filter rules: {told['filter_rules']}, routes: {told['routes']}, "
        f"targets: {told['targets']} ({told['enabled_targets']} enabled)"
    )
    if config.classify.llm is not None:
        typer.echo(_model(config.classify.llm))
    for warning in warnings:
        typer.echo(_line(warning), err=True)


def _line(warning: Warn) -> str:
    if warning.text == _NOBODY:
        return _NOBODY
    if not warning.line:
        return f"warning: {warning.text}"
    return f"warning: {warning.file}:{warning.line}: {warning.place}: {warning.text}"


def _model(llm: Llm) -> str:
    most_s, critical_s = (span.total_seconds() for span in (llm.deadline, llm.critical_wait))
    waits = f"alerts wait at most {most_s:g} s, critical ones {critical_s:g} s"
    asked = URL(llm.base_url).with_user(None).with_query(None).with_fragment(None)
    return redacted(f"model: {llm.model} at {asked} ({llm.dialect}); {waits}")


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


def _check_targets(reading: Reading, path: Path, warnings: list[Warn]) -> None:
    """Raise for targets where none may be; what else there is to say of the file is said with that."""
    faults = [
        f"{path}:{reading.document.line(place)}: {reading.spelled(place)}: {error}"
        for place, error in _unreachable(reading.config)
    ]
    if faults:
        raise ConfigError("\n".join([*faults, *map(_line, warnings)]))


def _unreachable(config: Config) -> Iterator[tuple[config_tree.Path, RefusedAddressError]]:
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
            yield ("targets", place, "url"), error
