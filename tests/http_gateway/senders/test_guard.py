from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.config_sources import Source
from http_gateway.senders.client import parse
from http_gateway.senders.guard import Facts, Guard, look
from http_gateway.senders.peer import Identity
from http_gateway.senders.refusals import Reason
from http_gateway.senders.secret_files import SecretFiles
from tests.support.senders import sources

if TYPE_CHECKING:
    from http_gateway.senders.credentials import Given

TOKEN = "0123456789abcdef"
MTLS = {"subjects": ["CN=am,O=Example"], "names": ["dns:am.example.com", "uri:spiffe://example.com/am"]}


def guard(**settings: object) -> Guard:
    return Guard(Source.model_validate({"name": "it", **settings}), SecretFiles(Path()))


def facts(
    *guards: Guard, headers: Given | None = None, address: str = "192.0.2.1", identity: Identity | None = None
) -> Facts:
    given_headers = headers or {}
    places = {each.place: each.place.digest(given_headers) for one in guards for each in one.credentials}
    return Facts(
        "/p",
        only_listed=False,
        given=given_headers,
        digests=places,
        address=parse(address),
        identity=identity,
        request_id="r",
    )


def bearer(value: bytes) -> bool:
    one = guard(bearer={"token": TOKEN})
    return one.knows(facts(one, headers={b"authorization": value}))


@pytest.mark.parametrize(
    "value", [b"Bearer 0123456789abcdef", b"BEARER 0123456789abcdef", b"bearer   0123456789abcdef "]
)
def test_scheme_may_be_written_in_any_case(value: bytes) -> None:
    """RFC 9110, section 11.1."""
    assert bearer(value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"0123456789abcdef",
        b"Bearer0123456789abcdef",
        b"Basic 0123456789abcdef",
        b"Bearer 0123456789ABCDEF",
        b"Bearer 0123456789abcdef0",
        b"Bearer 0123456789abcde",
        b"Bearer 0123456789abcdef,",
        b"Bearer Bearer 0123456789abcdef",
        b"Bearer 0123456789abcdef\x00",
        b"Bearer \xa00123456789abcdef",
    ],
)
def test_what_only_resembles_the_token_is_not_it(value: bytes) -> None:
    assert not bearer(value)


def test_password_may_hold_colons_and_user_and_password_any_characters() -> None:
    one = guard(basic={"user": "zoë", "password": "pass:wörd:0123456789"})
    right = base64.b64encode("zoë:pass:wörd:0123456789".encode())
    assert one.knows(facts(one, headers={b"authorization": b"Basic " + right}))
    wrong = base64.b64encode(b"zoe:pass:word:0123456789")
    assert not one.knows(facts(one, headers={b"authorization": b"Basic " + wrong}))


@pytest.mark.parametrize(
    ("identity", "is_known"),
    [
        (None, False),
        (Identity("CN=am,O=Example"), True),
        (Identity("CN=am"), False),
        (Identity("CN=am,O=Example,C=DE"), False),
        (Identity("", ("dns:other", "uri:spiffe://example.com/am")), True),
        (Identity("CN=other", ("dns:am.example.com.evil.org",)), False),
        # A name of another kind that reads the same.
        (Identity("CN=other", ("email:am.example.com",)), False),
        (Identity("dns:am.example.com"), False),
    ],
)
def test_certificate_is_known_by_its_whole_subject_or_one_of_its_names(
    identity: Identity | None, *, is_known: bool
) -> None:
    one = guard(mtls=MTLS)
    assert one.knows(facts(one, identity=identity)) is is_known


def test_certificate_and_token_must_both_hold_if_both_are_given() -> None:
    one = guard(mtls=MTLS, bearer={"token": TOKEN})
    known, token = Identity("CN=am,O=Example"), {b"authorization": f"Bearer {TOKEN}".encode()}
    assert one.knows(facts(one, identity=known, headers=token))
    assert not one.knows(facts(one, identity=known))
    assert not one.knows(facts(one, headers=token))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"bearer": {"token": TOKEN}, "addresses": ["10.0.0.0/8"]}, Reason.ADDRESS),
        ({"bearer": {"token": TOKEN}, "paths": ["/other"]}, Reason.PATH),
        ({"addresses": ["192.0.2.0/24"], "paths": ["/other"]}, Reason.PATH),
        # It is not known that it is this one.
        ({"addresses": ["10.0.0.0/8"]}, None),
        ({"hmac": {"flavour": "github", "secret": TOKEN}, "paths": ["/other"]}, None),
    ],
)
def test_source_that_is_known_and_misplaced_is_forbidden(settings: dict[str, object], reason: Reason | None) -> None:
    one = guard(**settings)
    seen = look([one], facts(one, headers={b"authorization": f"Bearer {TOKEN}".encode()}))
    assert seen.admitted is None
    assert seen.forbidden == (reason and ("it", reason))


GUARDS = [Guard(Source.model_validate(source), SecretFiles(Path())) for source in sources()]
WORDS = [
    b"Bearer ",
    b"basic ",
    b"Basic",
    b"sha256=",
    b"v1,",
    b"secret-of-bearer-that-is-",
    b"\xff",
    b" ",
    b"=",
    b"current ",
]
NAMES = [
    b"authorization",
    b"x-own-key",
    b"x-timed-at",
    b"webhook-id",
    b"x-grafana-alerting-signature",
    b"x-hub-signature-256",
]


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(WORDS), max_size=5).map(b"".join)),
    )
)
def test_no_made_up_headers_raise_or_admit_anybody(headers: Given) -> None:
    seen = look(GUARDS, facts(*GUARDS, headers=headers))
    assert seen.admitted is None
    assert seen.forbidden is None
