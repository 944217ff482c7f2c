from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.config_file import Surroundings, parse, version
from alerts.errors import ConfigError
from alerts.fields import FileSecret

if TYPE_CHECKING:
    from alerts.config import Gateway

STRONG = "0123456789abcdef"


def read(gateway: str) -> Gateway:
    around = Surroundings({}, {}, {}, lambda path: f"{STRONG} of {path}".replace(" ", "-"))
    return parse(f"gateway: {gateway}", "winnow.yaml", around).gateway


def faults(gateway: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(gateway)
    assert STRONG not in str(caught.value)
    return [line.removeprefix("winnow.yaml:1: gateway.") for line in str(caught.value).split("\n")]


def source(more: str) -> list[str]:
    return [line.removeprefix("sources[0] (a)") for line in faults(f"{{sources: [{{name: a, {more}}}]}}")]


def test_secret_out_of_a_file_knows_its_file() -> None:
    (made,) = read("{sources: [{name: a, bearer: {token_file: tokens/a, previous: " + STRONG + "}}]}").sources
    assert made.bearer is not None
    assert isinstance(made.bearer.token, FileSecret)
    assert made.bearer.token.file == "tokens/a"
    assert made.bearer.token.get_secret_value() == f"{STRONG}-of-tokens/a"
    assert not isinstance(made.bearer.previous, FileSecret)
    assert STRONG not in repr(made)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("paths: [/x]", ": expected one or more of bearer, basic, api_key, hmac, mtls and addresses"),
        (
            "bearer: {token: short}",
            ".bearer.token: expected 16 to 4096 characters, random ones (what came is a secret)",
        ),
        (f"bearer: {{token: '{STRONG} x'}}", ".bearer.token: expected visible ASCII characters without spaces (what"),
        (
            f"bearer: {{token: {STRONG}}}, basic: {{user: u, password: {STRONG}}}",
            ": expected bearer or basic, got both",
        ),
        (f"basic: {{user: 'u:v', password: {STRONG}}}", ".basic.user: expected text that matches"),
        (f"api_key: {{key: {STRONG}, header: 'a b'}}", ".api_key.header: expected the name of a header of its own"),
        (f"api_key: {{key: {STRONG}, header: Host}}", ".api_key.header: expected the name of a header of its own"),
        (
            f"hmac: {{flavour: x, secret: {STRONG}}}",
            ".hmac.flavour: expected 'grafana', 'github' or 'standard-webhooks'",
        ),
        (
            f"hmac: {{flavour: standard-webhooks, secret: {STRONG}}}",
            ".hmac: expected whsec_ and 24 to 64 bytes in base64",
        ),
        (f"hmac: {{flavour: github, secret: {STRONG}, timestamp_header: X-T}}", ".hmac: expected no timestamp_header"),
        ("mtls: {}", ".mtls: expected subjects or names"),
        ("mtls: {names: [am.example.com]}", ".mtls.names[0]: expected a name that begins with dns:, uri:, ip:, email:"),
        ("addresses: [10.0.0.1/8]", ".addresses[0]: expected an address such as 10.1.2.3, or a network such as 10."),
        ("addresses: [localhost]", ".addresses[0]: expected an address such as 10.1.2.3, or a network such as 10."),
        ("addresses: ['::1'], paths: [x]", ".paths[0]: expected text that matches"),
        ("addresses: ['::1'], token: x", ".token: unknown key"),
    ],
)
def test_fault_of_a_source_is_told_with_its_place(more: str, fault: str) -> None:
    (told,) = source(more)
    assert told.startswith(fault)


def test_two_sources_of_one_name_are_refused() -> None:
    told = faults("{sources: [{name: a, addresses: ['::1']}, {name: a, addresses: ['::2']}]}")
    assert told == ["sources[1] (a): the name is taken by sources[0]"]


def test_open_and_sources_contradict_each_other() -> None:
    (told,) = faults("{open: true, sources: [{name: a, addresses: ['::1']}]}")
    assert told.endswith("expected `sources` or `open: true`, got both")


@pytest.mark.parametrize("tls", ["", "tls: {cert_file: c, key_file: k}, "])
def test_source_with_a_certificate_needs_tls_that_asks_for_one(tls: str) -> None:
    (told,) = faults("{" + tls + "sources: [{name: a, mtls: {names: ['dns:a.example.com']}}]}")
    assert told.endswith("expected `tls` with `client: optional` or `client: required`, for a source has `mtls`")


def test_who_may_send_decides_nothing_about_alerts() -> None:
    around = Surroundings({})
    plain = parse("{}", "winnow.yaml", around)
    other = parse(
        "gateway: {sources: [{name: a, addresses: ['::1']}], open_metrics: true, trusted_proxies: [10.0.0.1]}",
        "w",
        around,
    )
    assert version(plain) == version(other)
