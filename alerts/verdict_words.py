"""The words of each step's verdict, as decisions and outcomes hold them (docs/decisions.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.config_tree import hint
from alerts.decision import Outcome, Severity
from alerts.errors import MatcherError
from alerts.matchers import Op

if TYPE_CHECKING:
    from alerts.matchers import Matchers

WORDS: dict[str, tuple[str, ...]] = {
    "dedup": ("new", "changed", "repeat", "duplicate", "renewed", "over", "unreadable", "error"),
    "classify": tuple(Severity),
    "filter": ("allow", "deny", "error"),
    "route": ("routed", "unrouted", "skipped", "error"),
    "publish": (*Outcome, "retried", "duplicate", "superseded"),
}


def check_verdicts(step: str | None, matchers: Matchers) -> None:
    """Refuse matchers that ask for a verdict or a step that there is none of: nothing would ever match.

    Args:
        step: Whose verdicts; None: of any that the matchers leave.
        matchers: Only what they want to be equal is looked at.

    Raises:
        MatcherError: The text names those there are.
    """
    wanted = {one.name: one.value for one in matchers.matchers if one.op is Op.EQUAL}
    step = step or wanted.get("step")
    if step is not None and step not in WORDS:
        raise MatcherError(f"no step is called {step[:40]!r}; known: {', '.join(WORDS)}")
    known = WORDS[step] if step else tuple(word for words in WORDS.values() for word in words)
    verdict = wanted.get("verdict")
    if verdict is not None and verdict not in known:
        of = f"of {step} " if step else ""
        near = hint(verdict[:40], known).partition("; known")[0]
        words = ", ".join(dict.fromkeys(map(str, known)))
        raise MatcherError(f"no verdict {of}is {verdict[:40]!r}{near}; known: {words}".replace("?; known", "? Known"))
