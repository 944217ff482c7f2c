from __future__ import annotations

from http_gateway.senders.replays import Replays


def test_id_is_taken_once_until_its_time_is_over() -> None:
    replays = Replays()
    assert replays.claim("a", b"1", until_s=300, now_s=0) is not None
    assert replays.claim("a", b"1", until_s=300, now_s=300) is None
    # Its time is over, and with it what is remembered of it: the next claim clears it away.
    assert replays.claim("a", b"2", until_s=900, now_s=301) is not None
    assert replays.claim("a", b"1", until_s=300, now_s=301) is not None


def test_ids_of_two_sources_have_nothing_to_do_with_each_other() -> None:
    replays = Replays()
    assert replays.claim("a", b"1", 300, 0) is not None
    assert replays.claim("b", b"1", 300, 0) is not None


def test_id_that_was_released_is_taken_again() -> None:
    replays = Replays()
    key = replays.claim("a", b"1", 300, 0)
    assert key is not None
    replays.release(key)
    assert replays.claim("a", b"1", 300, 0) == key


def test_memory_is_bounded_and_the_oldest_is_forgotten_first() -> None:
    replays = Replays(most=3)
    claimed = [replays.claim("a", b"%d" % number, 300, 0) for number in range(4)]
    assert None not in claimed
    assert replays.claim("a", b"3", 300, 0) is None
    assert replays.claim("a", b"1", 300, 0) is None
    assert replays.claim("a", b"0", 300, 0) is not None
