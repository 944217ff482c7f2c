"""What a model is asked, and what that may cost: cache, single flight, budgets, storms, breaker. Pure, told the time.

What it keeps of one owner (a partition) in a snapshot is plain data:

    {"answers": [JSON of `alerts.advice.to_plain`, ...], "spent": [day, calls, tokens]}

So answers and the day's budget outlive a restart, and what all owners keep together is what the process knew.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple, TypedDict, TypeVar

import orjson

from alerts.advice import Advice, How, from_plain, to_plain
from connectors.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from alerts.advice import Answer, Template
    from alerts.config_llm import Llm

Value = TypeVar("Value")

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


class Kept(TypedDict):
    """What a snapshot holds of one owner."""

    answers: list[bytes]
    spent: list[int]
    """The day (days since the epoch, UTC), its calls, its tokens."""


class _Entry(NamedTuple):
    advice: Advice
    at_ms: int
    """When it came, by the clock that its age is told by."""
    owner: str


class Governor:
    """One for all that a process asks of a model."""

    def __init__(self, settings: Llm) -> None:
        self._settings = settings
        self._cache_ms = _ms(settings.cache)
        self._failed_ms = _ms(settings.cache_failures)
        self._entries: dict[str, _Entry] = {}
        """By template, the oldest answer first."""
        self._owned: dict[str, dict[str, bytes]] = defaultdict(dict)
        """By owner and template: each answer as a snapshot holds it, written once."""
        self._failed: dict[str, int] = {}
        """By template, until when nobody asks again; the oldest first."""
        self._queue: deque[tuple[Template, str]] = deque()
        self._pending: dict[str, str] = {}
        """Templates asked about or about to be, and who owns that."""
        self._under_way = 0
        self._breaker = Breaker()
        self._held_until_ms = 0
        self._calls = _LastMinute(settings.calls_per_minute)
        self._new = _LastMinute(settings.new_templates_per_minute)
        self._spent: dict[str, tuple[int, int, int]] = {}
        """By owner: day, calls, tokens."""

    def advice(self, template: str, now_ms: int) -> Advice | None:
        """What is known of a template, if it is not too old."""
        entry = self._entries.get(template)
        return entry.advice if entry is not None and 0 <= now_ms - entry.at_ms < self._cache_ms else None

    def ask(self, template: Template, owner: str, now_ms: int) -> How | None:
        """Have it asked about. None: an answer is on its way; else why nobody should wait for one."""
        is_pending = template.id in self._pending
        why = self.objection(template.id, now_ms)
        is_probe = why is How.HELD_BACK and not is_pending and self._may_probe(now_ms)
        if not is_pending and (why is None or is_probe):
            self._pending[template.id] = owner
            self._queue.append((template, owner))
            self._calls.add(now_ms)
            if template.id not in self._entries:
                self._new.add(now_ms)
        return why

    def objection(self, template: str, now_ms: int) -> How | None:
        """Why nobody should wait for an answer about a template; None: nothing speaks against it."""
        if 0 < self._failed.get(template, 0) - now_ms <= self._failed_ms:
            return How.FAILED
        if self._breaker.is_open or now_ms < self._held_until_ms:
            return How.HELD_BACK
        if template in self._pending:
            return None
        if self._calls.is_full(now_ms) or self._is_day_over(now_ms):
            return How.OVER_BUDGET
        return How.STORM if template not in self._entries and self._new.is_full(now_ms) else None

    def _may_probe(self, now_ms: int) -> bool:
        """Whether the breaker lets one call through; the alert does not wait for it."""
        free_ms = self._breaker.next_ms()
        is_free = free_ms is not None and max(free_ms, self._held_until_ms) <= now_ms
        return is_free and not self._pending and not self._calls.is_full(now_ms) and not self._is_day_over(now_ms)

    def take(self, now_ms: int) -> Iterator[tuple[Template, str]]:
        """What is to be asked now, each with its owner; each must come back through `ended`."""
        while self._queue and self._under_way < self._settings.max_concurrent:
            free_ms = self._breaker.next_ms()
            if free_ms is None or max(free_ms, self._held_until_ms) > now_ms or self._is_spent(now_ms):
                # Nobody waits for what cannot be asked.
                for template, _ in self._queue:
                    del self._pending[template.id]
                self._queue.clear()
                return
            self._breaker.take()
            self._under_way += 1
            yield self._queue.popleft()

    def tried(self, owner: str, now_ms: int, *, has_failed: bool, tokens: int, retry_after_ms: int) -> None:
        """A call is over. The first of each question was counted when it was asked for."""
        if has_failed:
            self._breaker.failed(now_ms)
        else:
            self._breaker.succeeded(now_ms)
        if retry_after_ms:
            self._held_until_ms = max(self._held_until_ms, now_ms + retry_after_ms)
        day, calls, spent = self._today(owner, now_ms)
        self._spent[owner] = (day, calls + 1, spent + tokens)

    def called_again(self, now_ms: int) -> None:
        """One more call is made for the same question."""
        self._calls.add(now_ms)

    def ended(self, template: str, answer: Answer | None, now_ms: int) -> None:
        """A question has its answer, or it failed."""
        owner = self._pending.pop(template)
        self._under_way -= 1
        if answer is None:
            if self._breaker.is_open:
                self._breaker.failed(now_ms)  # a probe of which no call was reported would stay one for ever
            _put(self._failed, template, now_ms + self._failed_ms, self._settings.cache_max)
        else:
            self._failed.pop(template, None)
            self._keep(_Entry(Advice(template, How.CACHED, answer), now_ms, owner))

    def _keep(self, entry: _Entry) -> None:
        template = entry.advice.template
        for gone, old in _put(self._entries, template, entry, self._settings.cache_max):
            del self._owned[old.owner][gone]
        self._owned[entry.owner][template] = orjson.dumps(to_plain(entry.advice))

    def is_awaited(self, template: str) -> bool:
        """Whether it is worth to wait for an answer."""
        return template in self._pending and not self._breaker.is_open

    def is_busy(self, owner: str) -> bool:
        """Whether something this owner had asked has not come back."""
        return owner in self._pending.values()

    @property
    def is_held_back(self) -> bool:
        """Whether the breaker is open."""
        return self._breaker.is_open

    def __len__(self) -> int:
        """How many templates there are answers for."""
        return len(self._entries)

    def spent(self, now_ms: int) -> tuple[int, int]:
        """Calls and tokens of today, of all owners."""
        day = now_ms // _DAY_MS
        today = [(calls, tokens) for of_day, calls, tokens in self._spent.values() if of_day == day]
        return sum(calls for calls, _ in today), sum(tokens for _, tokens in today)

    def _today(self, owner: str, now_ms: int) -> tuple[int, int, int]:
        day = now_ms // _DAY_MS
        found = self._spent.get(owner)
        return found if found is not None and found[0] == day else (day, 0, 0)

    def _is_day_over(self, now_ms: int) -> bool:
        """Whether one more question is too many; what waits its turn will be a call too."""
        return self._is_spent(now_ms, len(self._pending))

    def _is_spent(self, now_ms: int, planned: int = 0) -> bool:
        calls, tokens = self.spent(now_ms)
        calls_max, tokens_max = self._settings.calls_per_day, self._settings.tokens_per_day
        is_out_of_calls = calls_max is not None and calls + planned >= calls_max
        return is_out_of_calls or (tokens_max is not None and tokens >= tokens_max)

    def keep(self, owner: str) -> Kept:
        """What a snapshot of this owner holds."""
        return Kept(answers=list(self._owned[owner].values()), spent=list(self._spent.get(owner, ())))

    def restore(self, owner: str, kept: Kept, now_ms: int) -> None:
        """Take on what a snapshot of this owner held, where nobody knows anything newer."""
        for plain in kept["answers"]:
            advice = from_plain(orjson.loads(plain))
            entry = self._entries.get(advice.template)
            if advice.answer is not None and (entry is None or entry.at_ms < advice.answer.at_ms):
                # It was stamped by another clock, which may have been ahead.
                self._keep(_Entry(advice, min(advice.answer.at_ms, now_ms), owner))
        if kept["spent"]:
            day, calls, tokens = kept["spent"]
            self._spent[owner] = (day, calls, tokens)


class _LastMinute:
    """Counts what happened in the last minute, up to a bound."""

    def __init__(self, at_most: int) -> None:
        self._at_ms: deque[int] = deque(maxlen=at_most)

    def is_full(self, now_ms: int) -> bool:
        return len(self._at_ms) == self._at_ms.maxlen and now_ms - self._at_ms[0] < _MINUTE_MS

    def add(self, now_ms: int) -> None:
        self._at_ms.append(now_ms)


def _put(into: dict[str, Value], key: str, value: Value, at_most: int) -> list[tuple[str, Value]]:
    """Put it in as the newest; what was there under this name, and the oldest that made room for it."""
    gone = [(key, into.pop(key))] if key in into else []
    into[key] = value
    if len(into) > at_most:
        oldest = next(iter(into))
        gone.append((oldest, into.pop(oldest)))
    return gone


def _ms(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
