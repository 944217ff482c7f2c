"""Takes the life out of links in text that a machine wrote: they can still be read, but not clicked."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Programs make links of names without a scheme too. All countries' ends have two letters; of the others these are the
# most common and the most abused ones. Names inside a cluster (`api.svc.cluster.local`) and most files are none.
_ENDS = (
    "com|net|org|info|biz|name|pro|mobi|edu|gov|mil|int|dev|app|xyz|top|site|online|store|shop|club|icu|click|link|live|"
    "cloud|tech|space|fun|website|zip|mov|page|work|world|today|agency|digital"
)
_NAME = r"[^\W_](?:[\w-]*[^\W_])?"
# Inside a name that goes on in other letters there is no end; a dot may follow.
_BARE = rf"(?:{_NAME}\.)+(?:[a-z]{{2}}|{_ENDS}|xn--[a-z0-9-]+)(?![\w-])"
_SCHEME = r"[a-z][a-z0-9+.-]*:(?=[/\\]{2})|(?:https?|ftp|mailto|javascript|vbscript|data|file|tel|sms|slack):(?=[^\s])"
_LINK = rf"(?P<scheme>{_SCHEME})[/\\]*(?P<host>[^\s/\\?#<>|()]*)|(?P<www>www\.[^\s/\\?#<>|()]*)|(?P<bare>{_BARE})"
# Markdown's `[text](address)` and `[text][name]`, Slack's `<address|text>`, `<@user>`, `<!channel>`, HTML's `<a href=`.
_SYNTAX = re.compile(r"\](?=[\[(:])|<(?=[@#!/]|a\s|img\s|[^<>\s]*[|:.])", re.IGNORECASE)

# What has been defanged already stays.
_DOT = re.compile(r"(?<!\[)\.|\.(?!\])")


def defang(text: str, hosts: Sequence[str]) -> str:
    """`text`, in one line, with no link in it that a program would make clickable, but those to `hosts`.

    `https://evil.example/x` becomes `hxxps://evil[.]example/x`. What has been defanged stays as it is.

    Args:
        text: White space in it is nothing but blanks.
        hosts: In lower case; links to these and to names below them stay, if they have nothing odd about them.
    """
    text = _SYNTAX.sub(lambda found: found[0] + " ", text)
    return _links(tuple(hosts)).sub(_replacement, text)


@lru_cache(maxsize=16)
def _links(hosts: tuple[str, ...]) -> re.Pattern[str]:
    if not hosts:
        return re.compile(_LINK, re.IGNORECASE)
    names = "|".join(re.escape(host) for host in hosts)
    # No user, no odd mark before the path, and none in it: `https://good.example)@evil.example` leads to evil.example.
    path = r"(?:[/?#](?:(?!//|www\.)[A-Za-z0-9_.~/?#&=%+:;,@-])*)?"
    kept = rf"(?<![\w.+-])https?://(?:[a-z0-9-]+\.)*(?:{names})(?::[0-9]{{1,5}})?{path}(?=[.,;:!?)\"']*(?:\s|$))"
    return re.compile(rf"(?P<kept>(?a:{kept}))|{_LINK}", re.IGNORECASE)


def _replacement(found: re.Match[str]) -> str:
    if found.groupdict().get("kept"):
        return found[0]
    scheme = found["scheme"]
    if scheme is None:
        return _DOT.sub("[.]", found[0])
    between = found[0][len(scheme) : len(found[0]) - len(found["host"])]
    dead = scheme[:-1].lower().replace("http", "hxxp")
    colon = ":" if "hxxp" in dead else "[:]"
    return f"{dead}{colon}{between}{_DOT.sub('[.]', found['host'])}"
