"""Which dead letters can be sent again, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts import retry
from alerts.delivery_json import from_plain
from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from alerts.instant import rfc3339
from alerts.standing import DEAD_LETTERED, Told
from connectors.configuration import file_name
from connectors.kafka.topics import topics
from connectors.request import Message
from winnow._past import Past, past
from winnow._retry import Fate, Item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.config import Config
    from alerts.decision import Delivery
    from winnow._kept import Kept

_AGAIN = "given up again"
_NOT_ENDED = "not ended yet"


class _Letter(NamedTuple):
    kept: Kept
    """Without what was read of it."""
    place: str
    """With its topic."""
    delivery: Delivery

    def item(self, fate: Fate, detail: str = "") -> Item:
        alert = self.delivery.alert
        about = (self.delivery.id, self.delivery.target, f"{alert.status} {alert.name[:100]}")
        return Item(self.kept.place, rfc3339(self.kept.at_ms), *about, fate, detail)


def recall(config: Config, chosen: Sequence[Kept], newest: Mapping[str, str], *, even_superseded: bool) -> list[Item]:
    """What becomes of each chosen letter, those of one alert in the order accepted.

    Args:
        config: Where to look and what targets there are.
        chosen: Which letters to send again.
        newest: By delivery, the place of the newest of all letters: one that was given up several times is retried
            from that.
        even_superseded: Also those whose alert was told something newer since.

    Raises:
        KafkaError: A topic is missing, or no broker answers.
    """
    topic = topics(config.kafka).dead_letters
    wanted, items = _opened(topic, chosen)
    if wanted:
        oldest_ms = min(letter.delivery.alert.envelope.accepted_ms for letter in wanted)
        found = past(config, oldest_ms, (letter.delivery.alert.fingerprint for letter in wanted))
        judge = _Judge(config, found, newest, even_superseded)
        items += [judge(letter) for letter in judge.in_order(wanted)]
    return items


def _opened(topic: str, letters: Sequence[Kept]) -> tuple[list[_Letter], list[Item]]:
    """Those that can be read, and items of those that cannot."""
    opened: list[_Letter] = []
    items: list[Item] = []
    for kept in sorted(letters, key=lambda one: (one.at_ms, one.partition, one.offset)):
        place = retry.place(topic, kept.partition, kept.offset)
        try:
            letter = _Letter(kept._replace(row={}), place, from_plain(kept.row.get("delivery") or {}))
            retry.decode(retry.encode(retry.Retry(place, None, letter.delivery)))
        except (FormatError, TypeError) as error:
            items.append(Item(kept.place, rfc3339(kept.at_ms), None, None, None, Fate.UNREADABLE, str(error)))
        else:
            opened.append(letter)
    return opened, items


class _Judge:
    def __init__(self, config: Config, found: Past, newest: Mapping[str, str], even_superseded: bool) -> None:
        self._config = config
        self._standing, self._marks = found
        self._newest = newest
        self._even_superseded = even_superseded
        self._targets = {target.name for target in config.targets if target.enabled}

    def in_order(self, letters: Sequence[_Letter]) -> list[_Letter]:
        def accepted(letter: _Letter) -> tuple[int, int]:
            return letter.delivery.alert.envelope.accepted_ms, self._standing.rank(letter.delivery)

        return sorted(letters, key=accepted)

    def __call__(self, letter: _Letter) -> Item:
        newest = self._newest.get(letter.delivery.id, letter.kept.place)
        outcome = self._standing.outcome(letter.delivery.id)
        has_ended = outcome not in {None, DEAD_LETTERED}
        became = _AGAIN if newest != letter.kept.place else outcome if has_ended else None
        if self._is_retried(letter.place):
            marks = ", ".join(mark.place for mark in self._marks[letter.place])
            item = letter.item(Fate.ALREADY, f"as {topics(self._config.kafka).webhooks} {marks}")
            return item._replace(became=became or _NOT_ENDED)
        if newest != letter.kept.place:
            return letter.item(Fate.ENDED, f"{_AGAIN} since: {newest}")._replace(became=became)
        if has_ended:
            return letter.item(Fate.ENDED, f"{outcome} since")._replace(became=became)
        if letter.delivery.target not in self._targets:
            return letter.item(
                Fate.NO_TARGET, f"no target named {letter.delivery.target} in {file_name()}, or it is disabled"
            )
        return self._if_newest(letter)

    def _if_newest(self, letter: _Letter) -> Item:
        delivery = letter.delivery
        event = self._standing.later(delivery.alert.fingerprint, delivery.alert.envelope.accepted_ms, delivery.alert.id)
        if event is not None and event.transition is None:
            return letter.item(Fate.WAITS, f"{event.input}, newer, is not decided yet")
        newer = self._standing.newer(delivery, self._is_given_up)
        if newer is not None and newer.outcome in {None, DEAD_LETTERED}:
            return letter.item(Fate.WAITS, f"{newer.transition}, newer, is under way")
        if newer is not None and not self._even_superseded:
            return letter.item(Fate.SUPERSEDED, _by(newer))
        newest_ms = None if self._even_superseded else self._standing.newest_ms(delivery.alert.fingerprint) or None
        value = retry.encode(retry.Retry(letter.place, newest_ms, delivery))
        partition = partition_of(delivery.alert.fingerprint, self._config.kafka.partitions)
        headers = ((retry.RETRY_OF, letter.place.encode()),)
        message = Message(topics(self._config.kafka).webhooks, value, None, partition, headers)
        return letter.item(Fate.TO_RETRY)._replace(messages=(message,))

    def _is_retried(self, place: str) -> bool:
        return place in self._marks and not self._standing.was_dropped(place)

    def _is_given_up(self, delivery: str) -> bool:
        """Whether its target knows nothing of it: its newest letter waits to be retried."""
        place = self._newest.get(delivery)
        topic = topics(self._config.kafka).dead_letters
        is_lost = self._standing.outcome(delivery) == DEAD_LETTERED
        return is_lost and place is not None and not self._is_retried(f"{topic}/{place}")


def _by(newer: Told) -> str:
    return f"by {newer.transition} accepted {rfc3339(newer.accepted_ms)}: {newer.outcome}"
