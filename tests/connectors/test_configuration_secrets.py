"""A configuration for whoever only decides: secrets and addresses may be missing, what decides may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.config_file import version
from alerts.errors import ConfigError
from connectors.configuration import load
from connectors.targets import kinds

if TYPE_CHECKING:
    from pathlib import Path

KAFKA = 'kafka: {client: {sasl.password: "${NONE}"}}\n'


SECRETS = [
    ("pagerduty", "routing_key"),
    ("pagerduty", "url"),
    ("slack", "url"),
    ("webhook", "url"),
    ("webhook", "secret"),
    ("webhook", "token"),
    ("rootly", "token"),
    ("alertmanager", "url"),
]


@pytest.mark.parametrize("given", ['{field}: "${{NONE}}"', "{field}_file: not/there"])
@pytest.mark.parametrize(("kind", "field"), SECRETS)
def test_secret_that_is_missing_is_no_fault_for_who_only_decides(
    tmp_path: Path, kind: str, field: str, given: str
) -> None:
    rest = {name: value for name, value in kinds()[kind].EXAMPLE.items() if name not in {field, "name", "kind"}}
    others = "".join(f", {name}: {value!r}" for name, value in rest.items())
    file = tmp_path / "winnow.yaml"
    file.write_text(f"{KAFKA}targets: [{{name: a, kind: {kind}{others}, {given.format(field=field)}}}]\n")
    with pytest.raises(ConfigError, match=field):
        load(file, {})
    (found,) = load(file, {}, needs_secrets=False).targets
    assert (found.name, found.kind) == ("a", kind)


def test_variable_of_a_rule_is_needed_by_everybody(tmp_path: Path) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text(KAFKA + "filter: [{name: a, when: 'team=\"${TEAM}\"'}]\n")
    with pytest.raises(ConfigError) as caught:
        load(file, {}, needs_secrets=False)
    assert str(caught.value).endswith(":2: filter[0] (a).when: the environment has no variable TEAM")


def test_what_stands_for_secrets_changes_no_version(tmp_path: Path) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text('targets: [{name: a, kind: slack, url: "${HOOK}"}]\n')
    without = version(load(file, {}, needs_secrets=False))
    assert without == version(load(file, {"HOOK": "https://hooks.example.com/x"}))


def test_secrets_that_are_there_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text(KAFKA)
    assert load(file, {"NONE": "secret"}, needs_secrets=False).kafka.client == {"sasl.password": "secret"}
