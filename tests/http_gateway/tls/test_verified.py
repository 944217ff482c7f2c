"""What a certificate says, as `ssl` gives it and as sources name it."""

from __future__ import annotations

import pytest

from http_gateway.tls.verified import verified

END = "Nov 24 03:00:00 2026 GMT"


def subject(*parts: tuple[tuple[str, str], ...]) -> str:
    return verified({"subject": parts, "notAfter": END}).identity.subject


def test_most_specific_part_of_a_subject_comes_first() -> None:
    assert (
        subject((("countryName", "DE"),), (("organizationName", "Ex"),), (("commonName", "am"),)) == "CN=am,O=Ex,C=DE"
    )


def test_parts_that_belong_together_stay_together() -> None:
    assert subject((("commonName", "am"), ("userId", "7"))) == "CN=am+UID=7"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("am,O=Admins", "am\\,O=Admins"),
        ('"quoted"', '\\"quoted\\"'),
        ("a+b;c<d>e\\f", "a\\+b\\;c\\<d\\>e\\\\f"),
        ("#1", "\\#1"),
        ("a#1", "a#1"),
        (" both ends ", "\\ both ends\\ "),
        (" ", "\\ "),
        ("back\\ ", "back\\\\\\ "),
        ("nul\0", "nul\\00"),
        ("", ""),
    ],
)
def test_value_cannot_look_like_another_part(value: str, written: str) -> None:
    """RFC 4514, section 2.4."""
    assert subject((("commonName", value),)) == f"CN={written}"


def test_names_have_their_kind_and_addresses_one_form() -> None:
    given = (
        ("DNS", "am.example.com"),
        ("URI", "spiffe://example.com/am"),
        ("IP Address", "10.0.0.1"),
        ("IP Address", "2001:DB8:0:0:0:0:0:1"),
        ("email", "am@example.com"),
        ("DirName", ((("commonName", "am"),),)),
    )
    told = verified({"subject": (), "subjectAltName": given, "notAfter": END})
    assert told.identity.names == (
        "dns:am.example.com",
        "uri:spiffe://example.com/am",
        "ip:10.0.0.1",
        "ip:2001:db8::1",
        "email:am@example.com",
    )
    assert told.until_s == 1795489200
