"""What tests of the command line share."""

import pytest

from tests.support import moment


@pytest.fixture(autouse=True, scope="module")
def _now_is_when_a_module_begins() -> None:
    """Not when it was imported: a run takes longer than what some tests tell apart."""
    moment.begin()
