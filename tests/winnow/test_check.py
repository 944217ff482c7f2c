"""`winnow check` and targets that could never be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from tests.connectors.test_egress import INSIDE, NOWHERE, ODD
from winnow.__main__ import application

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def check(folder: Path, hosts: list[str], **settings: object) -> Result:
    targets = [
        {"name": f"hook-{number}", "kind": "webhook", "url": f"http://{host}/path-canary", **settings}
        for number, host in enumerate(hosts)
    ]
    file = folder / "winnow.yaml"
    file.write_text(yaml.safe_dump({"targets": targets}))
    return CliRunner().invoke(application("check"), ["check", str(file)])


def test_every_target_inside_without_allow_private_is_named_with_what_to_set(tmp_path: Path) -> None:
    result = check(tmp_path, list(INSIDE))
    assert (result.exit_code, result.stdout) == (2, "")
    for number, (line, kind) in enumerate(zip(result.stderr.splitlines(), INSIDE.values(), strict=True)):
        where = f"{tmp_path}/winnow.yaml: targets[{number}] (hook-{number}).url"
        assert line == f"{where}: address refused ({kind}): set allow_private: true on this target if that is meant"


def test_allow_private_makes_them_usable(tmp_path: Path) -> None:
    result = check(tmp_path, list(INSIDE), allow_private=True)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("is_open", [True, False])
def test_address_nobody_may_be_at_is_a_fault_with_and_without_allow_private(tmp_path: Path, *, is_open: bool) -> None:
    hosts = [*NOWHERE, *filter(str.isascii, ODD)]
    result = check(tmp_path, hosts, allow_private=is_open)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line for line in lines if not line.endswith(": no target may be there")] == []
    assert len(lines) == len(hosts)
    assert "canary" not in result.output


def test_names_and_public_addresses_are_taken_and_a_disabled_target_may_be_anywhere(tmp_path: Path) -> None:
    result = check(tmp_path, ["hooks.internal", "hooks.example.com", "8.8.8.8:8443", "[2001:4860:4860::8888]"])
    assert result.exit_code == 0, result.output
    assert check(tmp_path, ["127.0.0.1"], enabled=False).exit_code == 0
