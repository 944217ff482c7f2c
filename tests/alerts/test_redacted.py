"""No secret of a known kind is left in a text, wherever it stands, and what is none is left alone."""

from __future__ import annotations

import re
import string
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.matcher_regex import compile_search
from alerts.redacted import PATTERNS, redacted
from tests.corpus.secrets import KINDS, left_of

ZEROS = str.maketrans("123456789", "0" * 9)
# Words that patterns wait for, among others.
WORD = st.sampled_from(
    [
        "password",
        "password=",
        "token:",
        "the",
        "secret",
        "bearer",
        "basic",
        "https://",
        "key",
        "=",
        "at",
        '"',
        "<",
        "\n",
    ]
) | st.text(st.sampled_from(string.ascii_lowercase + ".,:;-/()"), max_size=10)
WORDS = st.lists(WORD, max_size=8).map(" ".join)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, derandomize=True)
@given(before=WORDS, behind=WORDS, seed=st.integers(0, 2**32))
def test_no_part_of_a_planted_secret_is_left(kind: str, before: str, behind: str, seed: int) -> None:
    planted = KINDS[kind](Random(seed))
    assert not left_of(planted.secret, redacted(f"{before} {planted.text} {behind}"))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, derandomize=True)
@given(before=WORDS, behind=WORDS, seed=st.integers(0, 2**32))
def test_secrets_are_known_when_every_digit_is_a_zero(kind: str, before: str, behind: str, seed: int) -> None:
    planted = KINDS[kind](Random(seed))
    text = f"{before} {planted.text} {behind}"
    assert redacted(text.translate(ZEROS)) == redacted(text).translate(ZEROS)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_names_a_digit(name: str) -> None:
    counts = re.compile(r"\{\d*,?\d*\}|\\z")
    assert not re.search(r"\d", counts.sub("", PATTERNS[name]))


@pytest.mark.parametrize(
    "text",
    [
        "Pod shop/checkout-5d7f8c9b6-x2x4z is crash looping",
        "disk-usage-critical-level-of-the-second-node",
        "KubePersistentVolumeFillingUpVerySoonIndeed",
        "/var/lib/kubelet/pods/volumes/kubernetes.io~empty-dir",
        "prod-eu-central-1-shop-checkout-api-v2-canary-deployment",
        "basic authentication failed for 5 requests",
        "https://grafana.example.com/d/shop?orgId=1&from=now-1h",
        "error rate 5.2% at 2026-11-27T10:11:12Z on 10.0.0.1:9090",
        "see https://runbooks.example.com/kubernetes/KubePodCrashLooping",
        "too many tokens left the bucket",
        "secretary of state",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text


def test_what_stands_around_a_secret_is_left() -> None:
    text = "login failed: password=hunter2 for bob at https://u:p@db.example.com/x"
    assert redacted(text) == "login failed: password=<secret> for bob at https://<secret>db.example.com/x"


def test_mark_in_a_text_hides_nothing_behind_it() -> None:
    assert redacted("<secret> the disk is full <secret>") == "<secret> the disk is full <secret>"


def test_own_patterns_are_secrets_too() -> None:
    own = (compile_search(r"CUST-\d+"), compile_search(r"(?P<keep>iban )\S+"))
    assert redacted("of CUST-77, iban DE00", own) == "of <secret>, iban <secret>"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("user admin and password hunter2 failed", "user admin and password <secret> failed"),
        ("the password is hunter two", "the password is <secret> two"),
        ("passwd 12ab34cd.", "passwd <secret>"),
        ("password expired 5m ago", "password expired 5m ago"),
        ("password policy", "password policy"),
    ],
)
def test_password_in_prose_is_known_by_its_digits_or_by_what_says_that_it_is_one(text: str, left: str) -> None:
    assert redacted(text) == left


def test_what_is_hidden_hides_no_secret_and_no_part_of_one_stays() -> None:
    text = "web-5: password=hunter2 of web-5"
    assert redacted(text, hidden=[b"web-5"]) == "0: password=<secret> of 0"
    assert redacted(text, hidden=[b"d=hun", b"hunter2 of"]) == "web-5: passwor0 web-5"


def test_known_places_are_secret_and_those_beyond_the_text_are_nowhere() -> None:
    assert redacted("of 7 and 8", secret=[(3, 4), (90, 91)]) == "of <secret> and 8"


def test_behind_more_secrets_than_any_text_has_everything_is_one() -> None:
    assert redacted("a:b@ " * 30 + "end") == "a:<secret> " * 15 + "a:<secret>"


@pytest.mark.parametrize(
    "piece", ["a", "0", "A0", "=", ":", "@", "://", '"', "-", "password=", "x password", "eyJ", "sk-"]
)
def test_hostile_text_takes_no_time_that_grows_with_its_square(piece: str) -> None:
    """If it did, this would be minutes, which the limit for a test ends."""
    assert len(redacted((piece * 65536)[:65536])) <= 65536 * 3
