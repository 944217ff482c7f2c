"""Whatever an id is, it comes back from how the ledger keeps it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.ledger_keys import id_of, key_of

INGEST = "0123456789abcdef" * 2


@given(st.integers(0, 2**128 - 1), st.integers(0, 10**9 - 1))
def test_id_of_ours_is_kept_as_a_number_and_comes_back(ingest: int, position: int) -> None:
    id_ = f"{ingest:032x}-{position}"
    assert isinstance(key_of(id_), int)
    assert id_of(key_of(id_)) == id_


@given(st.text() | st.sampled_from([f"{INGEST}-01", f"{INGEST}--1", f"{INGEST.upper()}-0", f"{INGEST}-1\n"]))
def test_any_id_comes_back(id_: str) -> None:
    assert id_of(key_of(id_)) == id_
