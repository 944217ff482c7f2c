from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.defang import defang

HOSTS = ("good.example", "wiki.internal")
PIECES = st.sampled_from(
    ["https://", "HTTP://", "http:", "www.", "good.example", "evil.com", "evil", ".", "/", "\\", "@", ":", "80", "?",
     "#", "](", "[", ")", "<", ">", "|", " ", "x", "…", "[.]", "hxxps://", "javascript:", "-", "_",
     "\u017f", "é", "%2f", ","]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("see https://evil.example/x now", "see hxxps://evil[.]example/x now"),
        ("https://https://evil.example/a.html", "hxxps://hxxps://evil[.]example/a[.]html"),
        ("HTTP://evil.example", "hxxp://evil[.]example"),
        ("https:\\\\evil.com", "hxxps:\\\\evil[.]com"),
        ("https:/evil.com", "hxxps:/evil[.]com"),
        ("ftp://evil.example/x", "ftp[:]//evil[.]example/x"),
        ("javascript:alert(1)", "javascript[:]alert(1)"),
        ("www.evil.example/x", "www[.]evil[.]example/x"),
        ("evil.com or me@evil.ru", "evil[.]com or me@evil[.]ru"),
        ("//evil.com/x", "//evil[.]com/x"),
        ("[see](https://evil.example)", "[see] (hxxps://evil[.]example)"),
        ("[see][1]", "[see] [1]"),
        ("<https://evil.example|see>", "< hxxps://evil[.]example|see>"),
        ("<@U123> <!channel>", "< @U123> < !channel>"),
        ('<a href="x">', '< a href="x">'),
    ],
)
def test_link_is_dead(text: str, dead: str) -> None:
    assert defang(text, HOSTS) == dead


@pytest.mark.parametrize(
    "text",
    [
        "https://good.example",
        "https://good.example/",
        "see (https://wiki.good.example/run/db.md?x=1&y=2#z).",
        "HTTPS://Good.Example:8443/x, and so on",
        "http://wiki.internal/a",
    ],
)
def test_link_to_a_host_on_the_list_stays(text: str) -> None:
    assert defang(text, HOSTS) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://good.example.evil.com",
        "https://evilgood.example",
        "https://good.example@evil.com/",
        "https://good.example:80@evil.com/",
        "https://good.example)@evil.com",
        "https://good.example\\@evil.com",
        "https://good.example/https://evil.com",
        "xhttps://good.example",
        "https://good.example…",
        "ftp://good.example/x",
    ],
)
def test_link_that_only_looks_as_if_it_led_there_is_dead(text: str) -> None:
    assert not re.search(r"\bhttps?://|\bftp:", defang(text, HOSTS))


@pytest.mark.parametrize(
    "text",
    ["kube-dns.kube-system.svc", "3.5 of v1.2.3", "e.g. this", "the data: none", "<n> > 3 & < 4", "a: b", "x [1]"],
)
def test_what_is_no_link_stays(text: str) -> None:
    assert defang(text, HOSTS) == text


@given(TEXTS)
@example("https://good.example/x](https://evil.com)")
def test_whatever_link_is_left_leads_to_a_host_on_the_list(text: str) -> None:
    dead = defang(" ".join(text.split()), HOSTS)
    for link in re.findall(r"(?i)https?:\S+", dead):
        assert re.fullmatch(r"(?i)https?://[a-z0-9.-]+(:\d+)?([/?#].*)?[.,;:!?)\"']*", link)
        host = urlsplit(link.rstrip(".,;:!?)\"'")).hostname or ""
        assert host in HOSTS or host.endswith(tuple(f".{name}" for name in HOSTS))
    assert not re.search(r"(?i)www\.\w|\]\(|\bjavascript:\S", dead)


@given(TEXTS)
def test_without_a_list_there_is_no_link(text: str) -> None:
    dead = defang(" ".join(text.split()), ())
    assert not re.search(r"(?i)https?:[/\\]|www\.\w|\w\.com(?![\w-])", dead)


@given(TEXTS)
def test_what_is_dead_stays_as_it_is(text: str) -> None:
    dead = defang(" ".join(text.split()), HOSTS)
    assert defang(dead, HOSTS) == dead


@pytest.mark.parametrize(
    "part", ["a", "a.", ".co", "a:", "](", "<a", "www.", "https://", "https://good.example/.", "a-"]
)
def test_long_text_takes_no_long_time(part: str) -> None:
    began_s = time.process_time()
    defang(part * (20_000 // len(part)), HOSTS)
    assert time.process_time() - began_s < 1
