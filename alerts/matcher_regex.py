r"""RE2 patterns that hold what Go's `regexp` says of them.

The C++ RE2 and Go's differ at the edges: what only C++ takes is refused, Go's names of Unicode classes are
translated. Compared with Go 1.26, which Alertmanager 0.34.2 is built with. Known to differ: `\p{LC}`,
`\p{Cn}` and `\p{Assigned}` are refused, `\pC` leaves out what is not yet assigned, groups nest less deep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

import re2

from alerts.errors import MatcherError
from alerts.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Enough for \pL{1000}, which Go takes and for which RE2's 8 MiB are too few.
_COMPILED_MAX_BYTES = 32 * 1024**2
# regexp/syntax/parse.go: maxHeight is 1000, of which anchoring and the innermost part take two. Go does not
# count (?:...), this does.
_NESTING_MAX = 998
_QUOTED_MAX_CHARS = 200
_PART = re.compile(
    r"\\Q(?:(?!\\E).)*(?:\\E)?"
    r"|(?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{[^}]*\}|\\.|[^\\\]])*\]?)"
    r"|(?P<class>\\[pP](?:\{[^}]*\}|.))"
    r"|\(\?P?<(?P<group>[^>]*)>"
    r"|\\?.",
    re.DOTALL | re.ASCII,
)
_CLASS = re.compile(r"\\(?:(?P<sign>[pP])(?:\{(?P<not>\^?)(?P<name>[a-zA-Z _-]+)\}|(?P<letter>[a-z]))|.)", re.DOTALL)
# unicode.CategoryAliases, as Go looks them up: no spaces, hyphens and underscores, any case.
_CATEGORIES = {
    alias: short
    for short, aliases in {
        "C": "Other", "Cc": "Control Cntrl", "Cf": "Format", "Co": "Privateuse", "Cs": "Surrogate",
        "L": "Letter", "Ll": "Lowercaseletter", "Lm": "Modifierletter", "Lo": "Otherletter",
        "Lt": "Titlecaseletter", "Lu": "Uppercaseletter", "M": "Mark Combiningmark", "Mc": "Spacingmark",
        "Me": "Enclosingmark", "Mn": "Nonspacingmark", "N": "Number", "Nd": "Decimalnumber Digit",
        "Nl": "Letternumber", "No": "Othernumber", "P": "Punctuation Punct", "Pc": "Connectorpunctuation",
        "Pd": "Dashpunctuation", "Pe": "Closepunctuation", "Pf": "Finalpunctuation",
        "Pi": "Initialpunctuation", "Po": "Otherpunctuation", "Ps": "Openpunctuation", "S": "Symbol",
        "Sc": "Currencysymbol", "Sk": "Modifiersymbol", "Sm": "Mathsymbol", "So": "Othersymbol",
        "Z": "Separator", "Zl": "Lineseparator", "Zp": "Paragraphseparator", "Zs": "Spaceseparator",
    }.items()
    for alias in aliases.split()
}  # fmt: skip


class Search(Protocol):
    """A compiled pattern, as far as it is used: on UTF-8, for on text it takes three times as long for each match."""

    @property
    def groupindex(self) -> Mapping[str, int]:
        """The numbers of its groups by their names."""

    def search(self, text: bytes) -> re.Match[bytes] | None:
        """The first match."""

    def finditer(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """All matches that do not overlap, in their order."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test whether a value matches the pattern from its first to its last character; the test never raises.

    Raises:
        MatcherError: Not a pattern for Go, or too large; the text quotes it. `a)|(b` is refused although
            Alertmanager takes it: it would become `^(?:a)|(b)$`, which is more than it says.
    """
    translated = _translate(pattern)
    options = _options()
    options.never_capture = True
    try:
        re2.compile(translated, options)
        regex = re2.compile(f"^(?:{translated})$", options)
    except re2.error as error:
        raise _refusal(pattern, error.args[0].decode(errors="replace")) from None

    def holds(value: str) -> bool:
        try:
            text = value.encode()
        except UnicodeEncodeError:
            text = without_surrogates(value).encode()
        return regex.fullmatch(text) is not None

    return holds


def compile_search(pattern: str) -> Search:
    """The pattern as it is searched for in a text of UTF-8, not anchored.

    Raises:
        MatcherError: Not a pattern for Go, or too large, or it matches where nothing is; the text quotes it.
    """
    try:
        regex: Search = re2.compile(_translate(pattern), _options())
    except re2.error as error:
        raise _refusal(pattern, error.args[0].decode(errors="replace")) from None
    if regex.search(b"") is not None:
        raise _refusal(pattern, "it matches the empty text")
    return regex


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _COMPILED_MAX_BYTES
    return options


def _refusal(pattern: str, reason: str) -> MatcherError:
    return MatcherError(f"pattern {pattern[:_QUOTED_MAX_CHARS]!r}: {reason[:_QUOTED_MAX_CHARS]}")


def _translate(pattern: str) -> str:
    depth, parts = 0, []
    for part in _PART.finditer(without_surrogates(pattern)):
        text, group = part[0], part["group"]
        if text == r"\C":
            raise _refusal(pattern, r"invalid escape sequence: \C")
        if group is not None and not re.fullmatch(r"\w+", group, re.ASCII):
            raise _refusal(pattern, f"invalid group name: {group!r}")
        depth += (text[0] == "(") - (text == ")")
        if depth > _NESTING_MAX:
            raise _refusal(pattern, f"groups nest more than {_NESTING_MAX} deep")
        if part["set"] or part["class"]:
            text = _CLASS.sub(_re2_class, text)
        parts.append(f"[{text}]" if part["class"] and text.startswith("[:") else text)
    return "".join(parts)


def _re2_class(found: re.Match[str]) -> str:
    sign, negation, name, letter = found["sign"], found["not"], found["name"], found["letter"]
    if letter:
        return rf"\{sign}{letter.upper()}"
    if not name:
        return found[0]
    canonical = re.sub("[ _-]", "", name).capitalize()
    if canonical == "Ascii":
        return "[:ascii:]" if (sign == "p") != bool(negation) else "[:^ascii:]"
    return rf"\{sign}{{{negation}{_CATEGORIES.get(canonical, canonical)}}}"
