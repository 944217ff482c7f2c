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
     "\u017f", "é", "%2f", ",", "\u3002", "\uff0e", ".ninja", "tel:", "1.2.3.4", "@here", ".json", ".\u0440\u0444"]
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
        ("evil.ninja/x, evil.rocks.", "evil[.]ninja/x, evil[.]rocks[.]"),
        ("a@evil.support", "a@evil[.]support"),
        ("evil.\u043e\u043d\u043b\u0430\u0439\u043d", "evil[.]\u043e\u043d\u043b\u0430\u0439\u043d"),
        ("evil.\u092d\u093e\u0930\u0924", "evil[.]\u092d\u093e\u0930\u0924"),
        ("\u092d\u093e.com\u2026", "\u092d\u093e[.]com\u2026"),
        ("evil\u3002com evil\uff0ecom evil\uff61com", "evil[.]com evil[.]com evil[.]com"),
        ("1.2.3.4/x 1.2.3.4:80/", "1[.]2[.]3[.]4/x 1[.]2[.]3[.]4:80/"),
        ("skype:evil?call msteams:/l/x", "skype[:]evil?call msteams[:]/l/x"),
        ("magnet:?xt=1 tel:112 Tg:x", "magnet[:]?xt=1 tel[:]112 tg[:]x"),
        ("@channel, @here and @Everyone", "@ channel, @ here and @ Everyone"),
        ("evil.com.v2 api.com.svc", "evil[.]com[.]v2 api[.]com[.]svc"),
        ("config.json,evil.ninja", "config[.]json,evil[.]ninja"),
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
    [
        "kube-dns.kube-system.svc",
        "api.prod.svc.cluster.local:8080 and ip-10-0-0-1.internal",
        "/etc/prometheus/rules.yaml, app.service and access.log.",
        "3.5 of v1.2.3",
        "5.5GB of app.prod-2.v1",
        "e.g. this",
        "the .profile and ...then",
        "the data: none",
        "10.0.0.1:9090 in 10.0.0.0/24",
        "<n> > 3 & < 4",
        "a: b",
        "x [1]",
        "@herewith",
        "\u670d\u52a1\u3002\u91cd\u542f",
    ],
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
    assert not re.search(r"(?i)https?:[/\\]|www\.\w|\w\.com(?![\w-])|\btel:\S|@here\b", dead)
    assert not re.search(r"(?i)[a-z0-9]\.(?:ninja|\u0440\u0444)(?![\w-]|\.\w)", dead)


@given(TEXTS)
def test_what_is_dead_stays_as_it_is(text: str) -> None:
    dead = defang(" ".join(text.split()), HOSTS)
    assert defang(dead, HOSTS) == dead


@pytest.mark.parametrize(
    "part",
    ["a", "a.", ".co", "a:", "](", "<a", "www.", "https://", "https://good.example/.", "a-", "abc.", "ab.json.", "tel:",
     "\u0930.", "1.2.3.4", "1.", "@"],
)  # fmt: skip
def test_long_text_takes_no_long_time(part: str) -> None:
    began_s = time.process_time()
    defang(part * (20_000 // len(part)), HOSTS)
    assert time.process_time() - began_s < 1
