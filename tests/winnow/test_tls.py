"""`winnow send` and `winnow check` with TLS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from cryptography.hazmat.primitives import serialization as form
from typer.testing import CliRunner

from alerts.errors import WinnowError
from tests.support.certificates import Authority
from tests.support.gateway import broker
from tests.support.tls_gateway import TlsGateway, tls_gateway
from winnow._application import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsGateway]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    asks = {"client": "required", "client_ca_file": str(authority.file), "shows": authority.issue("test", "test")}
    with broker() as (_, kafka), tls_gateway(folder, kafka, authority, **asks) as started:
        yield started


def send(running: TlsGateway, *arguments: str) -> Result:
    return CliRunner().invoke(application("send"), ["send", "--example", "--url", running.url, *arguments])


def test_alert_is_sent_by_tls_with_a_certificate(running: TlsGateway) -> None:
    pair = running.authority.issue("me", "me")
    result = send(running, "--cacert", str(running.authority.file), "--cert", str(pair.cert), "--key", str(pair.key))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("202 ")


def test_certificate_nobody_vouches_for_is_told_with_the_way_out(running: TlsGateway) -> None:
    result = send(running)
    assert isinstance(result.exception, WinnowError)
    assert "--cacert" in str(result.exception)


def test_gateway_that_wants_a_certificate_says_so(running: TlsGateway) -> None:
    result = send(running, "--cacert", str(running.authority.file))
    assert isinstance(result.exception, WinnowError)
    assert "CERTIFICATE_REQUIRED" in str(result.exception)


@pytest.mark.parametrize("options", [["--cacert", "none.pem"], ["--cert", "none.pem"], ["--key", "none.key"]])
def test_file_that_cannot_be_used_is_told_by_its_option(options: list[str]) -> None:
    result = CliRunner().invoke(application("send"), ["send", "--example", *options])
    assert isinstance(result.exception, WinnowError)
    assert options[0] in str(result.exception)


def check(folder: Path, **tls: object) -> Result:
    files = {"cert_file": "server.pem", "key_file": "server.key"}
    (folder / "winnow.yaml").write_text(yaml.safe_dump({"gateway": {"tls": {**files, **tls}}}))
    return CliRunner().invoke(application("check"), ["check", str(folder / "winnow.yaml")])


def test_check_takes_a_pair_beside_the_configuration(tmp_path: Path) -> None:
    Authority(tmp_path).issue("server", "localhost")
    result = check(tmp_path)
    assert result.exit_code == 0, result.output
    assert "warning" not in result.output


def test_check_names_every_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = check(tmp_path, client="required", client_ca_file="ca-of-senders.pem")
    assert result.exit_code == 2
    for field, name in (("cert", "server.pem"), ("key", "server.key"), ("client_ca", "ca-of-senders.pem")):
        assert f"gateway.tls.{field}_file: {tmp_path}/{name}: cannot be read" in result.output


def test_check_names_a_key_of_another_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("server", "localhost")
    other = authority.issue("other", "localhost")
    result = check(tmp_path, key_file=str(other.key))
    assert result.exit_code == 2
    assert "does not belong to the certificate" in result.output


@pytest.mark.parametrize("field", ["cert_file", "key_file", "client_ca_file"])
def test_check_names_a_file_that_is_no_pem(tmp_path: Path, field: str) -> None:
    Authority(tmp_path).issue("server", "localhost")
    (tmp_path / "text.pem").write_text("no PEM")
    result = check(tmp_path, **{"client_ca_file": "ca.pem", "client": "optional", field: "text.pem"})
    assert result.exit_code == 2
    assert "as PEM" in result.output
    assert "text.pem" in result.output


def test_check_refuses_a_key_with_a_password_instead_of_asking_for_it(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server", "localhost")

    key = form.load_pem_private_key(pair.key.read_bytes(), None)
    locked = form.BestAvailableEncryption(b"secret")
    pair.key.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked))
    result = check(tmp_path)
    assert result.exit_code == 2
    assert "has a password" in result.output


def test_check_warns_of_an_expired_certificate_and_of_a_key_others_may_read(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server", "localhost", ends=timedelta(hours=-1))
    pair.key.chmod(0o644)
    result = check(tmp_path)
    assert result.exit_code == 0
    assert "has expired" in result.output
    assert "others may read it" in result.output


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ({"client": "required"}, "client_ca_file"),
        ({"client_ca_file": "ca.pem"}, "client: optional or client: required"),
        ({"min_version": "1.1"}, "min_version"),
        ({"max_handshakes": 0}, "max_handshakes"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, tls: dict[str, object], expected: str) -> None:
    result = check(tmp_path, **tls)
    assert result.exit_code == 2
    assert expected in result.output
