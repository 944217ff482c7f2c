"""Alertmanager matchers: which alerts a rule, a route or a silence speaks of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerts.errors import MatcherError
from alerts.matcher_regex import compile_pattern
from alerts.matcher_syntax import RESERVED, Matcher, Op, read_classic, read_utf8
from alerts.surrogates import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Matcher", "Matchers", "Op", "parse"]

TEXT_MAX_CHARS = 1024**2
# Those of strconv.Quote, which Alertmanager writes names with.
_GO_ESCAPES = dict(zip('\a\b\f\n\r\t\v\\"', (rf"\{letter}" for letter in 'abfnrtv\\"'), strict=True))
# What a pattern said of a value is kept for this many values, unless they are longer than labels are.
_KNOWN_MAX = 4096
_KNOWN_VALUE_MAX_CHARS = 512


class _Pattern:
    """An anchored pattern that remembers what it said."""

    __slots__ = ("_holds", "known")

    def __init__(self, value: str) -> None:
        self._holds: Callable[[str], bool] = compile_pattern(value)
        self.known: dict[str, bool] = {}
        """Answers already given; looked at before `ask` is called."""

    def ask(self, value: str) -> bool:
        """Whether the whole value matches."""
        answer = self._holds(value)
        if len(value) <= _KNOWN_VALUE_MAX_CHARS:
            if len(self.known) >= _KNOWN_MAX:
                self.known.clear()
            self.known[value] = answer
        return answer


@dataclass(frozen=True, slots=True)
class Matchers:
    """Matchers that must all hold; none at all hold for every alert.

    Two are equal if they have the same matchers in the same order.

    Raises:
        MatcherError: A pattern cannot be used.
    """

    matchers: tuple[Matcher, ...]
    """In the order written."""
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The labels looked at, in the order written, each once."""
    _equal: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    _unequal: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    _patterns: tuple[tuple[str, _Pattern, bool], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = {op: tuple((matcher.name, matcher.value) for matcher in self.matchers if matcher.op == op) for op in Op}
        patterns = [(name, _Pattern(value), True) for name, value in texts[Op.REGEX]]
        patterns += [(name, _Pattern(value), False) for name, value in texts[Op.NOT_REGEX]]
        for attribute, value in (
            ("names", tuple(dict.fromkeys(matcher.name for matcher in self.matchers))),
            ("_equal", texts[Op.EQUAL]),
            ("_unequal", texts[Op.NOT_EQUAL]),
            ("_patterns", tuple(patterns)),
        ):
            object.__setattr__(self, attribute, value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether all hold for these labels; a label that is missing counts as the empty string."""
        get = labels.get
        for name, value in self._equal:
            if get(name, "") != value:
                return False
        for name, value in self._unequal:
            if get(name, "") == value:
                return False
        for name, pattern, wanted in self._patterns:
            value = get(name, "")
            answer = pattern.known.get(value)
            if answer is None:
                answer = pattern.ask(value)
            if answer is not wanted:
                return False
        return True

    def __str__(self) -> str:
        return f"{{{','.join(_text(matcher) for matcher in self.matchers)}}}"

    def __reduce__(self) -> tuple[type[Matchers], tuple[tuple[Matcher, ...]]]:
        return (Matchers, (self.matchers,))


def parse(text: str) -> Matchers:
    r"""The matchers of a text such as `severity="critical",team=~"db|web"`, read as Alertmanager does.

    It has two grammars, and where both can read the text the classic one decides: `foo="\d"` is a backslash
    and a d. Empty text and `{}` are no matchers, which hold for every alert.

    Raises:
        MatcherError: Neither grammar can read it, a pattern cannot be used, or it is longer than 1 Mi
            characters; the text quotes the matchers and says where.
    """
    if len(text) > TEXT_MAX_CHARS:
        raise MatcherError(f"matchers {_quote(text)}: {len(text)} characters are more than {TEXT_MAX_CHARS}")
    readable = without_surrogates(text)
    try:
        return Matchers(read_classic(readable))
    except MatcherError as error:
        classic = error
    try:
        return Matchers(read_utf8(readable))
    except MatcherError as error:
        reasons = dict.fromkeys(str(reason)[:500] for reason in (error, classic))
        said = " / in the classic grammar: ".join(reasons)
        raise MatcherError(f"matchers {_quote(text)}: {said}") from None


def _quote(text: str) -> str:
    return repr(text) if len(text) <= 200 else f"{text[:200]!r}..."


def _text(matcher: Matcher) -> str:
    if RESERVED.search(matcher.name):
        return f"{_go_quote(matcher.name)}{matcher.op}{_go_quote(matcher.value)}"
    value = matcher.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'{matcher.name}{matcher.op}"{value}"'


def _go_quote(text: str) -> str:
    return '"' + "".join(map(_go_escape, text)) + '"'


def _go_escape(char: str) -> str:
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    if char.isprintable():
        return char
    if (code := ord(char)) <= 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
