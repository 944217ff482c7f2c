from __future__ import annotations

import asyncio

from http_gateway.senders.client import parse
from http_gateway.senders.failures import Failures

HERE, THERE = parse("192.0.2.1"), parse("192.0.2.2")


def test_failures_are_counted_by_address_and_forgotten_after_a_minute() -> None:
    failures = Failures()
    assert [failures.count(HERE, now_s) for now_s in (0, 30, 59.9)] == [1, 2, 3]
    assert failures.count(THERE, 59.9) == 1
    assert failures.count(HERE, 60) == 1


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    failures = Failures()
    assert failures.count(parse("2001:db8::1"), 0) == 1
    assert failures.count(parse("2001:db8::ffff:2"), 0) == 2
    assert failures.count(parse("2001:db8:0:1::1"), 0) == 1


def test_requests_without_an_address_count_as_one() -> None:
    failures = Failures()
    assert [failures.count(None, 0), failures.count(None, 0)] == [1, 2]


def test_table_is_bounded_and_who_failed_least_lately_is_forgotten() -> None:
    failures = Failures(most=2)
    for text in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"):
        failures.count(parse(text), 0)
    assert failures.count(parse("192.0.2.1"), 0) == 3
    assert failures.count(parse("192.0.2.2"), 0) == 1


def test_few_of_an_address_and_of_all_are_held_back_at_a_time() -> None:
    async def held(texts: list[str]) -> int:
        failures = Failures(hold_s=0.001)
        first = sum(await asyncio.gather(*(failures.hold(parse(text)) for text in texts)))
        # All are over: the next is held back again.
        assert await failures.hold(HERE)
        return first

    assert asyncio.run(held(["192.0.2.1"] * 10)) == 4
    assert asyncio.run(held([f"192.0.2.{number}" for number in range(100)])) == 64
