from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from alerts.fields import LONGEST, Bootstrap, Duration, Listen, MatchersField, Size, Url, Zone, header_text, spelled


def fault(kind: object, value: object, context: dict[str, object] | None = None) -> str:
    adapter: TypeAdapter[object] = TypeAdapter(kind)  # type: ignore[arg-type]
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value, context=context)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("0s", timedelta(0)),
        ("366d", LONGEST),
    ],
)
def test_duration_is_read(text: str, length: timedelta) -> None:
    assert TypeAdapter(Duration).validate_python(text) == length


@pytest.mark.parametrize(
    "text", ["", "5", "m5", "5 m", "-5m", "5M", "1e3s", "\u0665m", "5m\n", "1y", "9" * 5000 + "h", None, 5]
)
def test_what_has_no_unit_is_no_duration(text: object) -> None:
    assert "expected a length of time such as 90s" in fault(Duration, text)


@pytest.mark.parametrize("text", ["367d", "366d1ms", "999999999999w", "200d200d", "999999999999ms"])
def test_more_than_a_year_is_refused(text: str) -> None:
    assert "at most 366d" in fault(Duration, text)


@given(st.text("0123456789.msdhw", max_size=30))
def test_any_text_is_a_duration_in_bounds_or_a_validation_error(text: str) -> None:
    try:
        length = TypeAdapter(Duration).validate_python(text)
    except ValidationError:
        return
    assert timedelta(0) <= length <= LONGEST


@pytest.mark.parametrize(("text", "size"), [("0B", 0), ("512KiB", 524288), ("10MiB", 10485760), ("1GiB", 1 << 30)])
def test_size_is_read(text: str, size: int) -> None:
    assert TypeAdapter(Size).validate_python(text) == size


@pytest.mark.parametrize("text", ["10", "10MB", "10mib", "-1B", "1.5MiB", "", True, None])
def test_what_has_no_unit_is_no_size(text: object) -> None:
    assert "such as 512KiB or 10MiB" in fault(Size, text)


@pytest.mark.parametrize("text", ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:80", "[::]:65535", "gateway.local:1"])
def test_address_to_listen_at_is_read(text: str) -> None:
    assert TypeAdapter(Listen).validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["8080", ":8080", "a:65536", "a:b", "::1:80", "[:::]:80", "a b:1", "http://a:1", "a:1\n"]
)
def test_what_names_no_host_or_port_is_not_listened_at(text: str) -> None:
    assert "expected HOST:PORT" in fault(Listen, text)


@pytest.mark.parametrize("text", ["kafka:9092", "a:1,b:2", "a, b", "SASL_SSL://a:9093", "[::1]:9092"])
def test_brokers_are_read(text: str) -> None:
    assert TypeAdapter(Bootstrap).validate_python(text) == text


@pytest.mark.parametrize("text", ["", "a:1,", "a:0", "a:65536", "a b", "a/b"])
def test_what_names_no_broker_is_refused(text: str) -> None:
    assert "expected brokers such as" in fault(Bootstrap, text)


@pytest.mark.parametrize("text", ["", "a", "ftp://a", "http://", "http://a b", "http://a:x", "http://[", "http://a\n"])
def test_what_is_no_web_address_is_refused_without_being_quoted(text: str) -> None:
    assert fault(Url, text).endswith("expected an address that begins with http:// or https:// and names a host")


def test_fault_of_a_matcher_is_told() -> None:
    assert 'a=~"("' in fault(MatchersField, 'a=~"("')


def test_matchers_are_written_back_as_text() -> None:
    adapter = TypeAdapter(MatchersField)
    assert adapter.dump_python(adapter.validate_python("a=b")) == '{a="b"}'


def test_zone_is_looked_for_in_the_list_that_is_brought_along() -> None:
    assert "expected a time zone" in fault(Zone, "Europe/Berlinn", {"zones": lambda: {"Europe/Berlin"}})
    assert TypeAdapter(Zone).validate_python("Europe/Berlin", context={"zones": lambda: {"Europe/Berlin"}})


def test_any_zone_passes_where_no_list_is_brought_along() -> None:
    assert TypeAdapter(Zone).validate_python("Mars/Base") == "Mars/Base"


@pytest.mark.parametrize("secret", ["", " x", "a\nb", "\u00e4", "a\x00"])
def test_what_no_header_can_hold_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^expected visible ASCII characters, as a header takes them$"):
        header_text(SecretStr(secret))


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST))
def test_length_of_time_is_read_as_it_is_spelled_to_the_millisecond(length: timedelta) -> None:
    ms = timedelta(milliseconds=1)
    assert TypeAdapter[timedelta](Duration).validate_python(spelled(length)) == length // ms * ms
