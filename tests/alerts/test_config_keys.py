from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from alerts.config import Config, HttpTarget
from alerts.config_file import Surroundings, parse
from alerts.errors import ConfigError
from alerts.fields import Secret

CANARY = "canary-9f2b7c11d0"


class Hook(HttpTarget):
    secret: Secret | None = None
    headers: dict[str, Secret] = Field(default_factory=dict)

    @field_validator("secret")
    @classmethod
    def _told_too_much(cls, value: Secret | None) -> Secret | None:
        if value and value.get_secret_value().startswith("bad"):
            raise ValueError(f"expected whsec_..., got {value.get_secret_value()!r}")
        return value


def read_secret(path: str) -> str:
    if path == "there":
        return CANARY
    raise ConfigError("cannot be read: no such file")


def read(text: str, **environ: str) -> Config:
    return parse(text, "winnow.yaml", Surroundings({"webhook": Hook}, environ, {}, read_secret))


def faults(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, **environ)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    return str(caught.value).split("\n")


def hook(more: str) -> str:
    return f"targets:\n  - name: team\n    kind: webhook\n    url: http://h/x\n    {more}\n"


def test_secret_is_read_from_its_file() -> None:
    target = read(hook("secret_file: there")).targets[0]
    assert isinstance(target, Hook)
    assert target.secret is not None
    assert target.secret.get_secret_value() == CANARY
    assert CANARY not in repr(target)


def test_address_may_come_from_a_file_because_it_may_hold_a_token() -> None:
    told = faults("targets: [{name: a, kind: webhook, url_file: there}]")
    assert len(told) == 1
    assert told[0].startswith("winnow.yaml:1: targets[0] (a).url: expected an address that begins with http://")


def test_settings_of_the_kafka_client_may_come_from_files() -> None:
    config = read("kafka: {client: {sasl.password_file: there, sasl.username: me}}")
    assert config.kafka.client == {"sasl.password": CANARY, "sasl.username": "me"}
    assert CANARY not in repr(config)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("secret_file: gone", "winnow.yaml:5: targets[0] (team).secret_file: cannot be read: no such file"),
        (
            "secret_file: [a]",
            "winnow.yaml:5: targets[0] (team).secret_file: expected the path of a file, got no text",
        ),
        (
            "secret_file:",
            "winnow.yaml:5: targets[0] (team).secret_file: expected the path of a file, got nothing",
        ),
        (
            "secret_fil: x",
            "winnow.yaml:5: targets[0] (team).secret_fil: unknown key; did you mean 'secret_file'?",
        ),
        ("name_file: x", "winnow.yaml:5: targets[0] (team).name_file: unknown key"),
        ("secret: ''", "winnow.yaml:5: targets[0] (team).secret: is empty"),
        (
            "{secret: a, secret_file: there}",
            "targets[0] (team).secret_file: expected one of secret and secret_file",
        ),
        (
            f"secret: [{CANARY}]",
            "winnow.yaml:5: targets[0] (team).secret: expected text (what came is a secret)",
        ),
        (
            f"secret: bad{CANARY}",
            "winnow.yaml:5: targets[0] (team).secret: is not what this field takes (why would",
        ),
        (
            f"headers: {{a: [{CANARY}]}}",
            "winnow.yaml:5: targets[0] (team).headers.a: expected text (what came is a s",
        ),
        (
            f"secret:{CANARY}:",
            "winnow.yaml:5: targets[0] (team).secret…: unknown key; did you mean 'secret'?",
        ),
    ],
)
def test_fault_around_a_secret_is_told_without_it(more: str, fault: str) -> None:
    text = hook(more)
    if more.startswith("{"):
        text = "targets:\n  - {name: team, kind: webhook, url: http://h/x, " + more[1:] + "\n"
    told = faults(text)
    assert len(told) == 1
    assert fault in told[0]


@pytest.mark.parametrize(
    "text",
    [
        f"a: !{CANARY} b",
        f"targets: {CANARY}",
        f"targets: [{{name: a, kind: x, token: {CANARY}, url: {CANARY}}}]",
        f"dedup: {CANARY}",
    ],
)
def test_value_in_the_wrong_place_is_not_quoted(text: str) -> None:
    assert all(line.startswith("winnow.yaml:1: ") for line in faults(text))


def test_value_out_of_the_environment_is_told_by_its_name() -> None:
    told = faults("dedup: {window: ${W}}", W=CANARY)
    assert told == ["winnow.yaml:1: dedup.window: expected a length of time such as 90s, 5m or 1h30m, got '${W}'"]


PIECES = [
    "dedup: {windw: 4h}",
    "kafka: {partitions: x}",
    "filter: [{name: ''}]",
    "routes: [{to: [nobody]}]",
    "x: [",
]
SECRETS = [
    "secret: {}",
    "secret: [{}]",
    "secret: bad{}",
    "secrets: {}",
    "secret_file: there",
    "url: {}",
    "headers: {{a: {}}}",
    "x: {{y: {}}}",
]


@given(
    st.lists(st.sampled_from(PIECES), unique=True),
    st.sampled_from(SECRETS),
    st.sampled_from(["${TOKEN}", CANARY]),
)
def test_no_text_holds_a_secret_wherever_the_fault_lies(pieces: list[str], field: str, written: str) -> None:
    text = f"targets:\n  - name: team\n    kind: webhook\n    {field.format(written)}\n" + "\n".join(pieces)
    try:
        shown = repr(read(text, TOKEN=CANARY))
    except ConfigError as error:
        shown = "".join(traceback.format_exception(error))
    assert CANARY not in shown
