"""`winnow check`: faults, and warnings of what can hardly be meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from tests.connectors.test_egress import INSIDE, NOWHERE, ODD
from winnow._application import application

if TYPE_CHECKING:
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
    text = (tmp_path / "winnow.yaml").read_text().splitlines()
    at = [number for number, line in enumerate(text, start=1) if "path-canary" in line]
    faults = [line for line in result.stderr.splitlines() if not line.startswith("warning: ")]
    for number, (line, kind) in enumerate(zip(faults, INSIDE.values(), strict=True)):
        where = f"{tmp_path}/winnow.yaml:{at[number]}: targets[{number}] (hook-{number}).url"
        assert line == f"{where}: address refused ({kind}): set allow_private: true on this target if that is meant"


def test_warnings_are_told_beside_a_refused_address(tmp_path: Path) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text("""targets:
  - {name: inside, kind: webhook, url: "http://10.0.0.1/x"}
  - {name: forgotten, kind: webhook, url: "https://hook.example/y"}
routes: [{to: [inside]}]
""")
    result = CliRunner().invoke(application("check"), ["check", str(file)])
    assert result.exit_code == 2
    assert f"{file}:2: targets[0] (inside).url: address refused" in result.stderr
    assert f"warning: {file}:3: targets[1] (forgotten)" in result.stderr


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


def check_model(folder: Path, **settings: object) -> Result:
    file = folder / "winnow.yaml"
    llm = {"base_url": "http://127.0.0.1:9911/v1", "model": "small", **settings}
    file.write_text(yaml.safe_dump({"classify": {"llm": llm}}))
    return CliRunner().invoke(application("check"), ["check", str(file)])


def test_model_is_told_with_how_long_alerts_wait_for_it(tmp_path: Path) -> None:
    result = check_model(tmp_path, deadline="2s", critical_deadline="500ms")
    assert (
        "model: small at http://127.0.0.1:9911/v1 (openai); alerts wait at most 2 s, critical ones 0.5 s\n"
        in result.stdout
    )
    assert "warning" not in result.stderr
    assert "model" not in check(tmp_path, ["127.0.0.1"], enabled=False).stdout


@pytest.mark.parametrize("host", ["api.example.com", "8.8.8.8", "[2001:4860:4860::8888]"])
def test_model_of_the_internet_without_tls_is_warned_about(tmp_path: Path, host: str) -> None:
    result = check_model(tmp_path, base_url=f"http://{host}/v1?token=url-canary", api_key="key-canary")
    assert result.exit_code == 0
    assert "warning: classify.llm.base_url: what alerts say and the api_key goes to" in result.stderr
    assert "canary" not in result.output
    assert "warning" not in check_model(tmp_path, base_url=f"https://{host}/v1").stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7", "[::1]", "ollama", "localhost", "llm.ai.svc", "m.internal"])
def test_model_inside_may_do_without_tls(tmp_path: Path, host: str) -> None:
    assert "warning" not in check_model(tmp_path, base_url=f"http://{host}:8000/v1").stderr


def test_model_whose_key_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    result = check_model(tmp_path, api_key_file="missing.txt")
    assert result.exit_code == 2
    assert "classify.llm.api_key_file: cannot be read" in result.stderr


ODD_FILE = """
routes:
  - {name: all, to: [hook]}
  - {name: pages, match: 'severity="critical"', to: [hook]}
targets:
  - {name: hook, kind: webhook, url: https://hooks.example.com, token: plain-canary-plain-canary}
"""


def check_text(folder: Path, text: str, *options: str) -> Result:
    file = folder / "winnow.yaml"
    file.write_text(text)
    return CliRunner().invoke(application("check"), ["check", str(file), *options])


def test_warnings_say_where_and_change_the_exit_code_only_if_strict(tmp_path: Path) -> None:
    result = check_text(tmp_path, ODD_FILE)
    first, second = result.stderr.splitlines()
    assert first == (
        f"warning: {tmp_path}/winnow.yaml:4: routes[1] (pages): "
        "no alert comes here, for routes[0] (all) takes all of them and does not say continue: true"
    )
    assert second.startswith(f"warning: {tmp_path}/winnow.yaml:6: targets[0] (hook).token: a secret stands in the file")
    assert "canary" not in result.output
    assert (result.exit_code, check_text(tmp_path, ODD_FILE, "--strict").exit_code) == (0, 1)


def test_strict_lets_pass_what_is_accepted_and_no_more(tmp_path: Path) -> None:
    kinds = ["--strict", "--accept", "shadowed"]
    assert check_text(tmp_path, ODD_FILE, *kinds).exit_code == 1
    assert check_text(tmp_path, ODD_FILE, *kinds, "--accept", "plain-secret").exit_code == 0
    fault = check_text(tmp_path, ODD_FILE, "--accept", "shadow").exception
    assert str(fault) == "--accept: no warning is of the kind 'shadow'; did you mean 'shadowed'?"


def test_json_lists_warnings_with_kind_and_place(tmp_path: Path) -> None:
    result = check_text(tmp_path, ODD_FILE, "-o", "json", "--strict")
    told = json.loads(result.stdout)
    assert [(one["kind"], one["place"], one["line"]) for one in told["warnings"]] == [
        ("shadowed", "routes[1] (pages)", 4),
        ("plain-secret", "targets[0] (hook).token", 6),
    ]
    assert (told["routes"], told["enabled_targets"], result.stderr, result.exit_code) == (2, 1, "", 1)


def test_example_and_what_it_leaves_out_are_without_warnings() -> None:
    example = Path(__file__).parents[2] / "winnow.yaml"
    result = CliRunner().invoke(application("check"), ["check", str(example), "--strict"])
    assert (result.exit_code, result.stderr) == (0, "")


def test_nobody_told_and_a_model_without_tls_are_warnings_too(tmp_path: Path) -> None:
    text = "classify: {llm: {base_url: http://api.example.com, model: m}}"
    told = json.loads(check_text(tmp_path, text, "-o", "json").stdout)
    assert [one["kind"] for one in told["warnings"]] == ["nobody-told", "unencrypted"]
    assert check_text(tmp_path, text, "--strict").exit_code == 1
