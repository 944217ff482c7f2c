from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.chaos.hosts import LOOPBACK, opened

if TYPE_CHECKING:
    from pathlib import Path


def test_without_ip_all_runs_on_loopback_and_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with opened(2) as hosts:
        assert hosts.here == LOOPBACK
        assert [host.address for host in hosts.others] == [LOOPBACK] * 2
        assert "ip" in hosts.lack


def test_hosts_reach_each_other_and_nothing_of_them_is_left() -> None:
    with opened(2) as hosts:
        if hosts.lack:
            pytest.skip(hosts.lack)
        first, second = hosts.others
        name = first.enter[-1]
        routes = [*first.enter, "ip", "route", "get", second.address]
        assert "dev eth0" in subprocess.run(routes, check=True, capture_output=True, text=True).stdout
        assert name in _shown("netns", "list")
        assert name in _shown("link")
    assert name not in _shown("netns", "list")
    assert name.partition("-")[0] not in _shown("link")


def _shown(*what: str) -> str:
    return subprocess.run(["ip", *what], check=True, capture_output=True, text=True).stdout
