"""Whatever lies in the topic is read or is a FormatError: what goes on can be counted, hashed and written again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import FormatError
from alerts.fingerprint import partition_of
from alerts.record import decode, split
from tests.support.events import ENVELOPE, NOW_MS, STARTS_AT, submission

ROW = [0, "00000000000000aa", "firing", "HighCPU", STARTS_AT, None]
HEADER: dict[str, Any] = {
    "v": 1, "id": "f" * 32, "format": "alertmanager", "source": "s", "receiver": "r", "group_key": "", "alerts": [ROW]
}  # fmt: skip

any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=10), inner, max_size=7),
    max_leaves=12,
)  # fmt: skip
near_rows = st.tuples(*(st.just(value) | any_json for value in ROW)).map(list)
near_headers = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(value) | any_json for name, value in HEADER.items() if name != "alerts"
    } | {"alerts": st.lists(near_rows | any_json, max_size=2)},
)  # fmt: skip


def _read_or_refused(value: bytes) -> None:
    """What is read must also be fit for all that comes after it."""
    try:
        found = decode(value, NOW_MS)
    except FormatError:
        return
    for arrival in found:
        assert 0 <= partition_of(arrival.fingerprint, 32) < 32
        assert len(orjson.dumps(arrival[:6])) < 10_000
        assert len(f"{arrival.status.value}/{arrival.starts_at}") < 100


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_a_format_error(value: bytes) -> None:
    _read_or_refused(value)


@given(any_json, st.lists(st.binary(max_size=20), max_size=2))
def test_any_json_as_header_is_a_record_or_a_format_error(header: object, lines: list[bytes]) -> None:
    _read_or_refused(b"\n".join([orjson.dumps(header), *lines]))


@given(near_headers, st.lists(st.binary(max_size=20), max_size=2))
def test_header_with_any_fields_is_a_record_or_a_format_error(header: object, lines: list[bytes]) -> None:
    _read_or_refused(b"\n".join([orjson.dumps(header), *lines]))


@given(st.lists(near_rows, min_size=1, max_size=3))
def test_header_with_any_rows_is_a_record_or_a_format_error(rows: list[object]) -> None:
    _read_or_refused(b"\n".join([orjson.dumps({**HEADER, "alerts": rows}), *[b"{}"] * len(rows)]))


def test_header_these_tests_start_from_is_read() -> None:
    assert [found.name for found in decode(orjson.dumps(HEADER) + b"\n{}", NOW_MS)] == ["HighCPU"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "0"), (0, None), (0, True), (0, 1.5),
        (1, "00000000000000zz"), (1, "00000000000000a"), (1, "000000000000000aa"), (1, "0x000000000000aa"),
        (1, "00000000000000AA"), (1, "               1"), (1, "1_00000000000aaa"), (1, 170), (1, None),
        (2, "burning"), (2, "FIRING"), (2, None), (2, []),
        (3, None), (3, ["x"]), (3, "x" * 2000),
        (4, None), (4, 5), (4, "x" * 1000),
        (5, 5), (5, ["x"]), (5, "x" * 1000),
    ],
)  # fmt: skip
def test_row_with_a_value_we_never_write_is_a_format_error(place: int, value: object) -> None:
    row = [*ROW]
    row[place] = value
    with pytest.raises(FormatError):
        decode(orjson.dumps({**HEADER, "alerts": [row]}) + b"\n{}", NOW_MS)


@pytest.mark.parametrize("row", [ROW[:5], [*ROW, None], [], {}, "abcdef", None, 7])
def test_row_of_another_shape_is_a_format_error(row: object) -> None:
    with pytest.raises(FormatError):
        decode(orjson.dumps({**HEADER, "alerts": [row]}) + b"\n{}", NOW_MS)


@pytest.mark.parametrize("field", HEADER)
def test_header_without_a_field_is_a_format_error(field: str) -> None:
    header = {name: value for name, value in HEADER.items() if name != field}
    with pytest.raises(FormatError):
        decode(orjson.dumps(header) + b"\n{}", NOW_MS)


@pytest.mark.parametrize("field", ["id", "source", "receiver", "group_key", "format"])
@pytest.mark.parametrize("value", [None, 7, ["x"], {"a": 1}, "x" * 600_000])
def test_envelope_with_a_value_we_never_write_is_a_format_error(field: str, value: object) -> None:
    with pytest.raises(FormatError):
        decode(orjson.dumps({**HEADER, field: value}) + b"\n{}", NOW_MS)


@pytest.mark.parametrize("lines", [b"", b"\n{}\n{}", b"\n{}\n"])
def test_other_number_of_lines_than_rows_is_a_format_error(lines: bytes) -> None:
    with pytest.raises(FormatError, match="header names 1 alerts"):
        decode(orjson.dumps(HEADER) + lines, NOW_MS)


def test_record_of_another_version_is_refused_by_number() -> None:
    with pytest.raises(FormatError, match="version 2"):
        decode(orjson.dumps({**HEADER, "v": 2}) + b"\n{}", NOW_MS)


def test_record_of_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(FormatError, match="nagios"):
        decode(orjson.dumps({**HEADER, "format": "nagios"}) + b"\n{}", NOW_MS)


@given(st.integers(0, 400), st.integers(0, 255))
def test_record_with_one_byte_changed_is_read_or_refused(place: int, byte: int) -> None:
    (_, value), = split(ENVELOPE, [submission()], 1)  # fmt: skip
    changed = bytearray(value)
    changed[place % len(changed)] = byte
    _read_or_refused(bytes(changed))
