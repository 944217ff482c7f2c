r"""How Alertmanager reads matchers: two grammars, and which of them decides.

The UTF-8 grammar is strict: reserved characters need quotes, escapes are Go's, a name is any text. The
classic grammar is older and lenient: ASCII names, `foo=` is an empty value, `\d` in quotes is two characters.

Source: prometheus.io/docs/alerting/latest/configuration/#label-matchers; compared with Alertmanager 0.34.2.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from alerts.errors import MatcherError


class Op(StrEnum):
    """How a label's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class Matcher(NamedTuple):
    """One comparison of one label; a label that is missing counts as the empty string."""

    name: str
    op: Op
    value: str
    """Text, or an anchored RE2 pattern."""


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


# What Go's unicode.IsSpace says; Python's str.isspace also takes U+001C to U+001F.
_GO_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_GO_SPACES = re.compile(f"[{_GO_SPACE}]*")
RESERVED = re.compile(f"[{_GO_SPACE}{{}}!=~,\\\\\"'`]")
"""Characters that a name or value without quotes may not have."""
_TOKEN = re.compile(
    r"(?P<mark>[{},])"
    r"|(?P<operator>=~|!=|!~|=)"
    r'|(?P<quoted>"(?:[^"\\]|\\.)*+")'
    rf"|(?P<word>[^{RESERVED.pattern[1:-1]}]+)",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.|$)", re.DOTALL)
_LETTERS = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))

# The classic grammar knows ASCII space only, and not \v.
_CLASSIC_SPACE = "\t\n\f\r "
_CLASSIC_HEAD = re.compile(rf"[{_CLASSIC_SPACE}]*([a-zA-Z_:][a-zA-Z0-9_:]*)[{_CLASSIC_SPACE}]*(=~|=|!=|!~)")


def read_utf8(text: str) -> tuple[Matcher, ...]:
    """The matchers of a text in the UTF-8 grammar, in the order written.

    Raises:
        MatcherError: Not in this grammar; the text says where, counted in characters from 1, and not of what.
    """
    tokens = _tokens(text)
    is_braced = tokens[0].text == "{"
    last = "}" if is_braced else ""
    at = int(is_braced)
    found = []
    while tokens[at].text != last:
        found.append(_matcher(tokens[at : at + 3]))
        at += 3
        if tokens[at].text == ",":
            at += 1
        elif tokens[at].text != last:
            raise _unexpected(tokens[at], "a comma or the end of the list")
    at += int(is_braced)
    if tokens[at].kind != "end":
        raise _unexpected(tokens[at], "the end of the text")
    return tuple(found)


def read_classic(text: str) -> tuple[Matcher, ...]:
    """The matchers of a text in the classic grammar, in the order written.

    Raises:
        MatcherError: Not in this grammar; the text names the matcher.
    """
    parts = _split(text.removeprefix("{").removesuffix("}"))
    return tuple(_classic_matcher(part) for part in parts)


def _tokens(text: str) -> list[_Token]:
    """Everything between spaces, then three times the end: looking ahead by a matcher never runs out."""
    tokens = []
    at = _skip_space(text, 0)
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token:
            problem = "a quote without its end" if text[at] == '"' else f"{text[at]!r} outside quotes"
            raise MatcherError(f"at character {at + 1}: {problem}")
        tokens.append(_Token(str(token.lastgroup), token[0], at))
        at = _skip_space(text, token.end())
    return tokens + [_Token("end", "", at)] * 4


def _skip_space(text: str, at: int) -> int:
    found = _GO_SPACES.match(text, at)
    return found.end() if found else at


def _matcher(tokens: list[_Token]) -> Matcher:
    name, operator, value = tokens
    if name.kind not in ("quoted", "word"):
        raise _unexpected(name, "a label name")
    if operator.kind != "operator":
        raise _unexpected(operator, "one of = != =~ !~")
    if value.kind not in ("quoted", "word"):
        raise _unexpected(value, "a value")
    return Matcher(_unquote(name), Op(operator.text), _unquote(value))


def _unexpected(token: _Token, wanted: str) -> MatcherError:
    got = repr(token.text) if token.text else "the end"
    return MatcherError(f"at character {token.at + 1}: expected {wanted}, got {got}")


def _unquote(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    try:
        if "\n" in token.text:
            raise ValueError("a line break")  # noqa: TRY301 one place says where
        return _ESCAPE.sub(_unescape, token.text[1:-1].encode()).decode()
    except ValueError as error:
        raise MatcherError(f"at character {token.at + 1}: {token.text} cannot be unquoted: {error}") from error


def _unescape(found: re.Match[bytes]) -> bytes:
    r"""The bytes an escape of Go's stands for: `\x` and octal are bytes, which together must be UTF-8."""
    escape = found[1]
    if len(escape) == 1 and escape[0] in _LETTERS:
        return bytes([_LETTERS[escape[0]]])
    if escape[:1] in b"uU" and len(escape) > 1:
        code = int(escape[1:], 16)
        if code > 0x10FFFF:
            raise ValueError("no such character")
        return chr(code).encode()
    if len(escape) > 1:
        return bytes([int(escape[1:], 16) if escape[:1] == b"x" else int(escape, 8)])
    raise ValueError("unknown escape")


def _split(text: str) -> list[str]:
    """Parts between the commas outside quotes; a last part of spaces only is none."""
    parts, start, is_quoted, is_escaped = [], 0, False, False
    for at, char in enumerate(text):
        if char == ",":  # leaves `is_escaped` as it was, as Alertmanager does
            if not is_quoted:
                parts.append(text[start:at])
                start = at + 1
        elif char == "\\":
            is_escaped = not is_escaped
        else:
            is_quoted ^= char == '"' and not is_escaped
            is_escaped = False
    last = text[start:].strip(_GO_SPACE)  # no other part loses Unicode spaces at its ends
    return [*parts, last] if last else parts


def _classic_matcher(part: str) -> Matcher:
    head = _CLASSIC_HEAD.match(part)
    if not head:
        raise MatcherError(f"expected NAME OPERATOR VALUE, got {part!r}")
    raw = part[head.end() :].strip(_CLASSIC_SPACE)
    is_quoted = raw.startswith('"')
    inner = raw.removeprefix('"')
    value = re.sub(r'\\([n"\\])', lambda found: "\n" if found[1] == "n" else found[1], inner)
    # Besides escapes there may be one quote, as the last character, and only if there is one in front.
    bare = re.sub(r"\\.", "--", inner, flags=re.DOTALL)
    if bare.count('"') != is_quoted or (is_quoted and not bare.endswith('"')):
        raise MatcherError(f"expected a value with matching quotes, got {raw!r}")
    return Matcher(head[1], Op(head[2]), value[:-1] if is_quoted else value)
