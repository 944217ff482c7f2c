"""What is read of a README, and when an output is what it shows."""

from __future__ import annotations

import pytest

from docs.record.story import Scene, is_shown, scenes

README = """# Winnow

## Try it

```sh
make run
winnow send --example   # a page
curl -d '{
  "a": "#1"}' url
```

Text.

```
it is sent
```

## Run it

```sh
python -m http_gateway
```

## Test it

```sh
winnow test 'a # b'  # exits with 1: it fails
```

```yaml
a: b
```
"""


def test_commands_of_the_storys_sections_come_in_order_without_comments() -> None:
    assert scenes(README) == [
        Scene("Try it", "make run", 0),
        Scene("Try it", "winnow send --example", 0),
        Scene("Try it", 'curl -d \'{\n  "a": "#1"}\' url', 0, "it is sent\n"),
        Scene("Test it", "winnow test 'a # b'", 1),
    ]


@pytest.mark.parametrize(
    ("shown", "output"),
    [
        ("sent to (a)", "\n sent  to (a) \n"),
        ("at 2026-11-28T00:54:56.862Z after 1.5 ms", "at 2027-01-01T10:00:00.000Z after 22 ms"),
        ("…\nb (…)\n…", "a\na\nb (c)\nd"),
    ],
)
def test_output_is_shown_if_only_times_blanks_and_what_is_left_out_differ(shown: str, output: str) -> None:
    assert is_shown(shown, output)


@pytest.mark.parametrize(
    ("shown", "output"), [("a\nb", "a\nb\nc"), ("sent 3", "sent 4"), ("a.c", "abc"), ("…b", "a"), ("1 ms", "x ms")]
)
def test_output_is_not_shown_if_anything_else_differs(shown: str, output: str) -> None:
    assert not is_shown(shown, output)
