"""What all tests share."""

import os
import signal
import sys
from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.support.covered import drop_unreadable

# How fast the machine is says nothing about the code: a test that is slow beside others has not failed.
settings.register_profile("winnow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("winnow")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so all that they start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What a thread logs that outlives its test may not stand among the results of another one: those are standard output.
structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.__stderr__))

pytest_plugins = ["tests.support.kafka.plugin"]


@pytest.fixture(autouse=True)
def _environment_is_left_as_it_was() -> Iterator[None]:
    """Or tests that come later, in a random order, use the broker of one that is over."""
    before = _environment()
    yield
    assert _environment() == before


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Within the hook of pytest-cov, which combines what all processes covered."""
    ended = yield
    if session.config.getoption("cov_source", None):
        drop_unreadable(session.config.rootpath)
    return ended


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
