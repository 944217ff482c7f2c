"""When a certificate expires, read from its DER."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.x509 import load_pem_x509_certificate

from http_gateway.tls.validity import not_after
from tests.support.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("days", [-1, 1, 365 * 10, 365 * 40])
def test_end_is_what_a_library_reads(tmp_path: Path, days: int) -> None:
    """From 2050 on it is written in another form: RFC 5280, section 4.1.2.5."""
    pem = Authority(tmp_path).issue("one", "example.com", ends=timedelta(days=days)).cert.read_text()
    assert not_after(pem) == load_pem_x509_certificate(pem.encode()).not_valid_after_utc


def test_first_certificate_of_several_counts_and_text_before_it_does_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pem = authority.issue("one", "example.com").cert.read_text()
    assert not_after("subject=/CN=x\n" + pem + authority.file.read_text()) == not_after(pem)
    assert not_after(pem) < datetime.now(UTC) + timedelta(days=2)


@pytest.mark.parametrize(
    "pem", ["", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----"]
)
def test_text_without_a_certificate_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match="certificate"):
        not_after(pem)
