"""Takes the life out of links in text that a machine wrote: they can still be read, but not clicked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Programs make links of names without a scheme too, by lists of ends that grow each year: so every name is one whose
# last part is a word of two letters or more, but for those that no public name ends with: of clusters and of files.
_NO_ENDS = (
    "local|svc|internal|localhost|localdomain|lan|ya?ml|json|toml|conf|cfg|ini|env|log|txt|csv|xml|html?|js|ts|go|rb|java|php"
    "|sql|db|lock|pid|sock|socket|service|timer|mount|slice|pem|crt|key|gz|tgz|tar|bak|tmp|jar|exe|dll|pdf|png|jpe?g|svg"
)
# In the midst of a name only these count: all countries' ends have two letters, others are the most abused ones.
_ENDS = (
    "com|net|org|info|biz|name|pro|mobi|edu|gov|mil|int|dev|app|xyz|top|site|online|store|shop|club|icu|click|link|live|"
    "cloud|tech|space|fun|website|zip|mov|page|work|world|today|agency|digital"
)
# Of other scripts also the marks that their words are written with.
_NAME = r"\w\u0080-\U0010ffff-"
_WORD = r"[^\W\d_](?:[^\W\d_]|[\u0080-\U0010ffff])++"
_BARE = (
    rf"(?<![{_NAME}.])[{_NAME}.]*[{_NAME}]\.(?!(?:{_NO_ENDS})(?![\w-]))"
    rf"(?:{_WORD}(?![\w-]|\.\w)|(?:[^\W\d_]{{2}}|{_ENDS}|xn--[a-z0-9-]+)(?![\w-]))"
)
# With a path, which is none if it is the length of a network's prefix.
_IPV4 = r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?/(?!\d{1,2}(?![\w/.-]))"
# The first looks behind, so that no long word is begun again at each of its letters; the second finds all the same.
_SCHEME = (
    r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*(?<!hxxp)(?<!hxxps):(?=[/\\]{2})|https?:(?=\S)"
    r"|\b(?:ftp|mailto|javascript|vbscript|data|file|blob|view-source|tel|callto|sips?|sms(?:to)?|mms|facetime(?:-audio)?"
    r"|skype|(?:ms)?teams|slack|tg|whatsapp|xmpp|ircs?|zoom(?:mtg|us)|webcal|feed|news|magnet|bitcoin|geo|market|intent"
    r"|itms(?:-apps)?|spotify|steam|vscode(?:-insiders)?|ms-[a-z-]+|search-ms|shell|ssh|sftp|telnet|ldaps?|smb|nfs):(?=\S)"
)
# What is in a word of which every dot is to be taken away.
_ADDRESS = re.compile(rf"hxxps?:|\[:\]|www\.|{_BARE}|{_IPV4}", re.IGNORECASE)
# Full stops that browsers take for dots; the one of Chinese and Japanese only where neither of these is written.
_STOPS = re.compile(r"[\uff0e\uff61]|(?<=[0-9A-Za-z\u00c0-\u2e7f])\u3002(?=[0-9A-Za-z\u00c0-\u2e7f])")
# Whole channels that are called.
_CALL = re.compile(r"@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
# Markdown's `[text](address)` and `[text][name]`, Slack's `<address|text>`, `<@user>`, `<!channel>`, HTML's `<a href=`.
_SYNTAX = re.compile(r"\](?=[\[(:])|<(?=[@#!/]|a\s|img\s|[^<>\s]*[|:.])", re.IGNORECASE)

# What has been defanged already stays.
_DOT = re.compile(r"(?<!\[)\.|\.(?!\])")


def defang(text: str, hosts: Sequence[str]) -> str:
    """`text`, in one line, with no link in it that a program would make clickable, but those to `hosts`.

    `https://evil.example/x` becomes `hxxps://evil[.]example/x`, `@channel` `@ channel`. What has been defanged stays as
    it is. docs/llm.md says what is taken for a link.

    Args:
        text: White space in it is nothing but blanks.
        hosts: In lower case; links to these and to names below them stay, if they have nothing odd about them.
    """
    text = _STOPS.sub(".", text)
    kept = _kept(tuple(hosts))
    # In two steps: what stands where a host belongs can begin a link of its own, `https://https://evil.example`.
    text = _pattern(kept, f"(?P<dies>{_SCHEME})").sub(_without_scheme, text)
    text = _pattern(kept, rf"(?P<dies>\S+?)(?={kept}|\s|$)").sub(_without_dots, text)
    return _CALL.sub("@ ", _SYNTAX.sub(lambda found: found[0] + " ", text))


def _kept(hosts: tuple[str, ...]) -> str:
    """What matches a link that stays; without hosts, nothing."""
    if not hosts:
        return "(?!)"
    names = "|".join(re.escape(host) for host in hosts)
    # No user, no odd mark before the path, and none in it: `https://good.example)@evil.example` leads to evil.example.
    path = r"(?:[/?#](?:(?!//|www\.)[A-Za-z0-9_.~/?#&=%+:;,@-])*+)?+"
    return rf"(?a:(?<![\w.+-])https?://(?:[a-z0-9-]+\.)*(?:{names})(?::[0-9]{{1,5}})?{path}(?=[.,;:!?)\"']*+(?:\s|$)))"


@lru_cache(maxsize=16)
def _pattern(kept: str, dies: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<kept>{kept})|{dies}", re.IGNORECASE)


def _without_scheme(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    scheme = found["dies"][:-1].lower()
    return scheme.replace("http", "hxxp") + ":" if scheme in {"http", "https"} else f"{scheme}[:]"


def _without_dots(found: re.Match[str]) -> str:
    return found[0] if found["kept"] or not _ADDRESS.search(found[0]) else _DOT.sub("[.]", found[0])
