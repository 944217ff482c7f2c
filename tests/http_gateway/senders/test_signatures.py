from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.config_sources import Hmac
from http_gateway.senders.secret_files import SecretFiles
from http_gateway.senders.signatures import Signature
from tests.support import senders

if TYPE_CHECKING:
    from http_gateway.senders.credentials import Given
    from http_gateway.senders.signatures import Claim

BODY = b'{"alerts": []}'
NOW_S = 1_800_000_000
KEY, PREVIOUS = senders.STANDARD["current"], senders.STANDARD["previous"]


def signature(**settings: object) -> Signature:
    return Signature(Hmac.model_validate(settings), SecretFiles(Path()))


STANDARD = signature(flavour="standard-webhooks", secret=KEY, previous=PREVIOUS)
GITHUB = signature(flavour="github", secret="It's a Secret to Everybody")
GRAFANA = signature(flavour="grafana", secret="a secret of Grafana's")
TIMED = signature(flavour="grafana", secret="a secret of Grafana's", timestamp_header="X-Time")
ALL = [STANDARD, GITHUB, GRAFANA, TIMED]


def raw(headers: dict[str, str]) -> Given:
    return {name.encode(): value.encode() for name, value in headers.items()}


def claimed(signed: Signature, headers: dict[str, str]) -> Claim:
    claim = signed.claim(raw(headers))
    assert claim is not None
    return claim


def test_example_of_githubs_documentation_holds() -> None:
    """docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    told = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    claim = claimed(GITHUB, {"x-hub-signature-256": f"sha256={told}"})
    assert GITHUB.holds(claim, b"Hello, World!")
    assert not GITHUB.holds(claim, b"Hello, World?")


def test_example_of_the_reference_library_holds() -> None:
    """The tests of the Python library in github.com/standard-webhooks/standard-webhooks."""
    theirs = signature(flavour="standard-webhooks", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert theirs.holds(claimed(theirs, headers), b'{"test": 2432232314}')


def test_one_true_signature_among_several_is_enough() -> None:
    one = senders.standard(PREVIOUS, BODY, NOW_S, "msg_1")
    other = senders.standard(senders.STANDARD["retired"], BODY, NOW_S, "msg_1")["webhook-signature"]
    both = {**one, "webhook-signature": f"v1a,AAAA {other} {one['webhook-signature']}"}
    assert STANDARD.holds(claimed(STANDARD, both), BODY)
    assert not STANDARD.holds(claimed(STANDARD, {**one, "webhook-signature": other}), BODY)


def test_crowd_of_signatures_is_not_compared() -> None:
    one = senders.standard(KEY, BODY, NOW_S, "msg_1")
    wrong = senders.standard(senders.STANDARD["retired"], BODY, NOW_S, "msg_1")["webhook-signature"]
    crowd = " ".join([wrong] * 8 + [one["webhook-signature"]])
    assert not STANDARD.holds(claimed(STANDARD, {**one, "webhook-signature": crowd}), BODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(NOW_S + 1)},
        {"webhook-timestamp": f"0{NOW_S}"},
    ],
)
def test_id_and_time_are_signed(changes: dict[str, str]) -> None:
    headers = {**senders.standard(KEY, BODY, NOW_S, "msg_1"), **changes}
    assert not STANDARD.holds(claimed(STANDARD, headers), BODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": ""},
        {"webhook-id": "msg.1"},
        {"webhook-id": "m" * 257},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": " 1800000000"},
        {"webhook-timestamp": "1800000000.5"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    ],
)
def test_headers_that_cannot_be_right_claim_nothing(changes: dict[str, str]) -> None:
    assert STANDARD.claim(raw({**senders.standard(KEY, BODY, NOW_S, "msg_1"), **changes})) is None


@pytest.mark.parametrize(
    ("later_s", "is_timely"), [(-301, False), (-300, True), (0, True), (300, True), (300.5, False), (301, False)]
)
def test_signature_holds_five_minutes_before_and_after_its_time(later_s: float, *, is_timely: bool) -> None:
    for signed in (STANDARD, TIMED):
        headers = {
            **senders.standard(KEY, BODY, NOW_S, "msg_1"),
            "x-time": str(NOW_S),
            "x-grafana-alerting-signature": "0" * 64,
        }
        assert claimed(signed, headers).is_timely(NOW_S + later_s) is is_timely
    assert claimed(GRAFANA, {"x-grafana-alerting-signature": "0" * 64}).is_timely(0)


def test_hexadecimal_digits_may_be_of_either_case() -> None:
    headers = senders.grafana("a secret of Grafana's", BODY, 0)
    upper = {name: value.upper() for name, value in headers.items()}
    assert GRAFANA.holds(claimed(GRAFANA, headers), BODY)
    assert GRAFANA.holds(claimed(GRAFANA, upper), BODY)


NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256", "x-grafana-alerting-signature"]
VALUES = st.one_of(
    st.binary(max_size=100),
    st.sampled_from(
        [b"sha256=", b"sha256=" + b"0" * 64, b"0" * 64, b"1800000000", b"v1,", b"msg_1", b"v1,=", b"sha256=zz"]
    ),
    st.text("0123456789abcdefABCDEF", min_size=64, max_size=64).map(str.encode),
)


@given(st.dictionaries(st.sampled_from([name.encode() for name in [*NAMES, "x-time"]]), VALUES), st.binary(max_size=50))
def test_no_made_up_headers_raise_or_are_taken_for_a_signature(given_headers: Given, body: bytes) -> None:
    for signed in ALL:
        claim = signed.claim(given_headers)
        assert claim is None or not signed.holds(claim, body)
