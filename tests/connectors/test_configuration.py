from __future__ import annotations

import traceback
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from alerts.config_file import version
from alerts.errors import ConfigError
from connectors.configuration import load
from connectors.targets import kinds
from winnow.check import check

SHIPPED = Path(__file__).parents[2] / "winnow.yaml"
BY_FILE = "kafka: {client: {sasl.password_file: key}}"


def fault(path: Path | None, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return str(caught.value)


def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(check)
    result = CliRunner().invoke(app, list(arguments), env=environ)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


def test_shipped_example_loads_without_environment() -> None:
    config = load(SHIPPED, {})
    assert [(target.name, target.kind) for target in config.targets][:2] == [
        ("oncall", "pagerduty"),
        ("team-hook", "webhook"),
    ]
    assert {rule.name for rule in config.filter} == {
        "test_alert",
        "test_alert_environment",
        "noise",
        "low_confidence",
        "disabled_namespace",
        "empty_alert_name",
        "old_resolved",
        "old_resolved_without_end",
    }


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ({"alertname": "TestAlert"}, ["test_alert"]),
        ({"alertname": "a", "environment": "Testing"}, ["test_alert_environment"]),
        ({"alertname": "a", "environment": "latest"}, []),
        ({"alertname": "LatestBackupFailed"}, []),
        ({"alertname": ""}, ["empty_alert_name"]),
        ({"alertname": "HighCPU", "severity": "warning", "namespace": "shop"}, []),
    ],
)
def test_shipped_rules_over_labels_match_what_they_say(labels: dict[str, str], names: list[str]) -> None:
    rules = load(SHIPPED, {}).filter
    assert [rule.name for rule in rules if rule.when and rule.when.matches(labels)] == names


def test_shipped_example_names_a_target_of_every_kind_it_can_show() -> None:
    kinds_shown = {target.kind for target in load(SHIPPED, {}).targets}
    assert kinds_shown <= set(kinds())
    assert {"pagerduty", "webhook"} <= kinds_shown


def test_variable_names_the_file(file: Path) -> None:
    file.write_text("dedup: {window: 5m}")
    assert load(None, {"WINNOW_CONFIG": str(file)}).dedup.window.total_seconds() == 300


def test_file_in_the_working_directory_is_read_when_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "winnow.yaml").write_text("kafka: {partitions: 3}")
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).kafka.partitions == 3
    assert load(None, {"WINNOW_CONFIG": ""}).kafka.partitions == 3


def test_variables_override_the_file(file: Path) -> None:
    file.write_text("kafka: {bootstrap: a:1}\ngateway: {listen: a:1}\nflow: {metrics_listen: a:1}")
    config = load(file, {"KAFKA_BOOTSTRAP": "b:2,c:3", "WINNOW_LISTEN": "b:2", "WINNOW_METRICS_LISTEN": "[::]:4"})
    assert (config.kafka.bootstrap, config.gateway.listen) == ("b:2,c:3", "b:2")
    assert config.flow.metrics_listen == "[::]:4"


def test_variables_name_a_model_where_the_file_has_none(file: Path) -> None:
    file.write_text("")
    named = {"WINNOW_LLM_BASE_URL": "http://127.0.0.1:9911/v1", "WINNOW_LLM_MODEL": "small"}
    llm = load(file, named).classify.llm
    assert llm is not None
    assert (llm.base_url, llm.model) == ("http://127.0.0.1:9911/v1", "small")
    assert load(file, dict.fromkeys(named, "")).classify.llm is None
    assert "classify.llm.model: is missing" in fault(file, WINNOW_LLM_BASE_URL=named["WINNOW_LLM_BASE_URL"])


@pytest.mark.parametrize("key", ["api_key: not-for-others", "api_key_file: key.txt"])
def test_key_of_the_files_model_goes_to_no_other_server(tmp_path: Path, key: str) -> None:
    (tmp_path / "key.txt").write_text("not-for-others")
    file = tmp_path / "winnow.yaml"
    file.write_text(f"classify:\n  llm: {{base_url: https://model.example.com/v1, model: big, {key}}}\n")
    own = load(file, {}).classify.llm
    other = load(file, {"WINNOW_LLM_BASE_URL": "http://127.0.0.1:9911/v1"}).classify.llm
    assert own is not None
    assert own.api_key is not None
    assert other is not None
    assert other.api_key is None


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("KAFKA_BOOTSTRAP", "kafka.bootstrap"),
        ("WINNOW_LISTEN", "gateway.listen"),
        ("WINNOW_METRICS_LISTEN", "flow.metrics_listen"),
        ("WINNOW_LLM_BASE_URL", "classify.llm.base_url"),
    ],
)
def test_fault_in_a_variable_names_it(file: Path, variable: str, path: str) -> None:
    file.write_text("")
    assert fault(file, **{variable: "no address"}).startswith(f"{variable}: {path}: expected ")


def test_missing_file_is_told_with_what_to_do(file: Path) -> None:
    assert fault(file).startswith(f"{file}: cannot be read: No such file or directory; name another with WINNOW_CONFIG")


def test_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    assert fault(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def test_file_that_is_not_utf_8_is_told_by_its_line_and_not_quoted(file: Path) -> None:
    file.write_bytes(b"a: b\nsecret: \xff")
    with pytest.raises(ConfigError, match=r"own\.yaml:2: expected UTF-8") as caught:
        load(file, {})
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def test_byte_order_mark_is_no_fault(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfdedup: {window: 5m}")
    assert load(file, {}).dedup.window.total_seconds() == 300


def test_file_above_the_limit_is_refused(file: Path) -> None:
    file.write_text("#" * (1024**2 + 1))
    assert fault(file) == f"{file}: expected at most 1048576 bytes, got more"


def test_secret_file_lies_beside_the_configuration(file: Path) -> None:
    file.write_text(BY_FILE)
    (file.parent / "key").write_bytes(b"two\nlines\r\n")
    assert load(file, {}).kafka.client == {"sasl.password": "two\nlines"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            None,
            "cannot be read: No such file or directory (a relative path starts at the folder of winnow.yaml)",
        ),
        (b"", "is empty"),
        (b"\xff\xfe", "expected a file of UTF-8 text"),
        (b"x" * (64 * 1024 + 1), "expected at most 65536 bytes, got more"),
    ],
)
def test_secret_file_that_cannot_be_used_is_told(file: Path, content: bytes | None, told: str) -> None:
    file.write_text(BY_FILE)
    if content is not None:
        (file.parent / "key").write_bytes(content)
    assert told in fault(file)


SOURCES = "sources: [{name: am, bearer: {token_file: gone}}, {name: b, basic: {user: b, password: '${UNSET}'}}]"


def test_secret_file_of_a_source_that_cannot_be_read_is_told_once(file: Path) -> None:
    file.write_text("gateway: {sources: [{name: am, bearer: {token_file: gone}}]}")
    (told,) = fault(file).splitlines()
    assert told.startswith(f"{file}:1: gateway.sources[0] (am).bearer.token_file: cannot be read: No such file")


def test_who_needs_no_sources_does_without_those_that_cannot_be_used(file: Path) -> None:
    file.write_text(f"gateway: {{max_body: 1MiB, {SOURCES}}}")
    assert "token_file: cannot be read" in fault(file)
    assert "has no variable UNSET" in fault(file)
    gateway = load(file, {}, needs_sources=False).gateway
    assert (gateway.max_body, gateway.sources) == (1024**2, [])


def test_who_needs_no_sources_is_told_of_other_faults(file: Path) -> None:
    file.write_text(f"dedup: {{window: never}}\ngateway: {{{SOURCES}}}")
    with pytest.raises(ConfigError) as caught:
        load(file, {}, needs_sources=False)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{file}:1: dedup.window: expected ")


def test_sources_that_can_be_used_are_there_for_everybody(file: Path) -> None:
    """What is hidden in logs is then hidden everywhere."""
    file.write_text("gateway: {sources: [{name: am, bearer: {token: 0123456789abcdef}}]}")
    assert load(file, {}, needs_sources=False) == load(file, {})


def test_unknown_time_zone_is_refused(file: Path) -> None:
    file.write_text("filter: [{name: a, hours: {start: 22:00, end: 06:00, zone: Europe/Berlinn}}]")
    assert "filter[0] (a).hours.zone: expected a time zone" in fault(file)
    file.write_text("filter: [{name: a, hours: {start: 22:00, end: 06:00, zone: Europe/Berlin}}]")
    assert load(file, {}).filter[0].name == "a"


def test_check_tells_version_and_counts() -> None:
    config = load(SHIPPED, {})
    told = f"ok: version {version(config)}, filter rules: 8, routes: 2, targets: {len(config.targets)} ("
    code, out, err = run(str(SHIPPED))
    assert (code, err) == (0, "")
    assert out.startswith(told)


def test_check_tells_every_fault_and_ends_with_2(file: Path) -> None:
    file.write_text("a: 1\nb: 2\n")
    code, out, err = run(str(file))
    assert (code, out, err.count("unknown key")) == (2, "", 2)


def test_check_reads_the_file_the_environment_names(file: Path) -> None:
    file.write_text("")
    code, _, err = run(WINNOW_CONFIG=str(file))
    assert (code, err) == (0, "no target is enabled: nobody will be told\n")


def test_check_tells_of_a_gateway_that_anybody_could_send_to(file: Path) -> None:
    file.write_text("gateway: {listen: '0.0.0.0:8080'}\n")
    status, _, told = run(str(file))
    assert (status, told.count("\n")) == (2, 1)
    assert "gateway.sources does not say who may send" in told


def test_fields_of_a_models_request_are_what_they_would_be_in_json(file: Path) -> None:
    request = (
        '{max_tokens: null, seed: 7, top_p: 0.5, store: false, user: ops, stop: [1, "a"], reasoning: {effort: low}}'
    )
    file.write_text(f"classify: {{llm: {{base_url: 'http://127.0.0.1:1/v1', model: m, request: {request}}}}}")
    llm = load(file, {}).classify.llm
    assert llm is not None
    assert llm.request == {
        "max_tokens": None, "seed": 7, "top_p": 0.5, "store": False, "user": "ops", "stop": [1, "a"],
        "reasoning": {"effort": "low"},
    }  # fmt: skip
    assert [type(llm.request[name]) for name in ("seed", "store", "user")] == [int, bool, str]
