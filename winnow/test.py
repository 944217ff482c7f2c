"""`winnow test`: whether a configuration tells whom it should, by cases in files."""

from __future__ import annotations

import os
import time
from pathlib import Path  # noqa: TC003 typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.case_file import Planned, parse
from alerts.errors import ConfigError, WinnowError
from connectors.configuration import load
from winnow._junit import report
from winnow._output import Output, write_json, write_lines
from winnow._trial import check
from winnow._trial_words import Ran, lines, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.config import Config
    from alerts.within import Bounds

PANEL = "Time machine"
_ENDINGS = (".yaml", ".yml")


def test(
    paths: Annotated[list[Path], typer.Argument(help="Files of cases, or folders with such (*.yaml, *.yml).")],
    config: Annotated[
        Path | None, typer.Option(help="What is tested; else the file WINNOW_CONFIG names, else winnow.yaml.")
    ] = None,
    name: Annotated[str, typer.Option("--name", "-k", help="Only the cases with this text in their name.")] = "",
    junit: Annotated[Path | None, typer.Option(help="Also write a report as JUnit XML.")] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Test a configuration by cases: who is told of what, and when.

    What the cases send runs through the steps of the flow; where somebody else is told than expected, it says why.
    Needs no Kafka and no secrets, and tells nobody.

    Example: winnow test deploy/examples/winnow-test.yaml --junit report.xml

    Exit codes:
        0: All cases pass.
        1: One fails.
        2: A file or the configuration cannot be used.
    """
    tested = load(config, needs_sources=False, needs_secrets=False)
    chosen = [
        (file, one)
        for file, one in _cases(_files(paths), tested.gateway.limits.bounds)
        if name.lower() in one.case.name.lower()
    ]
    if not chosen:
        raise WinnowError(f"no case has {name[:60]!r} in its name")
    ran = [_run(tested, file, one) for file, one in chosen]
    if junit is not None:
        _write(junit, report(ran))
    if output is Output.JSON:
        write_json(plain(ran))
    else:
        write_lines(lines(ran))
    if not all(one.passed for one in ran):
        raise typer.Exit(1)


def _files(paths: Iterable[Path]) -> list[Path]:
    """The files, each once, those of a folder by name."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(one for one in path.rglob("*") if one.suffix in _ENDINGS) if path.is_dir() else [path]
        if not inside:
            raise WinnowError(f"{path}: expected files of cases (*.yaml, *.yml) in this folder, found none")
        found.update(dict.fromkeys(inside))
    return list(found)


def _cases(files: Iterable[Path], bounds: Bounds) -> list[tuple[str, Planned]]:
    """The cases of all files; raises every fault of every file at once."""
    cases: list[tuple[str, Planned]] = []
    faults: list[str] = []
    for file in files:
        try:
            cases += ((str(file), one) for one in parse(_text(file), str(file), os.environ, bounds))
        except ConfigError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError("\n".join(faults))
    return cases


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: expected UTF-8, got a byte that is none") from error


def _run(config: Config, file: str, planned: Planned) -> Ran:
    began_s = time.perf_counter()
    steps = check(config, planned.events)
    return Ran(file, planned, steps, time.perf_counter() - began_s)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise WinnowError(f"{file}: cannot be written: {error.strerror}") from error
