from __future__ import annotations

import pytest

from alerts.config_text import Document
from alerts.config_tree import Leaf
from alerts.errors import ConfigError

WORD = "canary-9f2b7c11d0"
# Ten aliases of ten aliases of ...: 10 million values in nine lines.
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{to}: &{to} [{','.join([f'*{of}'] * 10)}]\n" for of, to in zip("abcdef", "bcdefg", strict=True)
)


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        Document(text, "w.yaml", {})
    assert caught.value.__context__ is None  # it would quote the text
    return str(caught.value)


def faults(text: str) -> list[tuple[int, str]]:
    document = Document(text, "w.yaml", {})
    return [(document.lines[fault.path], fault.text) for fault in document.faults]


def test_every_value_is_text_or_nothing() -> None:
    text = "{a: 22:00, b: 007, c: no, d: ~, e: , f: '~', g: [1.0, null], h: 2026-01-01}"
    tree = {"a": "22:00", "b": "007", "c": "no", "d": None, "e": None, "f": "~", "g": ["1.0", None]}
    assert Document(text, "w.yaml", {}).tree == {**tree, "h": "2026-01-01"}


def test_lines_are_those_of_the_keys() -> None:
    lines = Document("a:\n  - b: |\n      text\n  - c\n", "w.yaml", {}).lines
    assert lines == {(): 1, ("a",): 1, ("a", 0): 2, ("a", 0, "b"): 2, ("a", 1): 4}


@pytest.mark.parametrize(
    ("text", "environ", "value"),
    [
        ("${A}", {"A": "x"}, "x"),
        ("x${A}-${B}y", {"A": "1", "B": "2"}, "x1-2y"),
        ("${A:-d, e: f}", {}, "d, e: f"),
        ("${A:-d}", {"A": ""}, "d"),
        ("${A:-}z", {}, "z"),
        ("$$", {}, "$"),
        ("$${A}", {}, "${A}"),
        ("a$b$", {}, "a$b$"),
        ("'${A}'", {"A": "it's"}, "it's"),
        ('"${A}\\n"', {"A": 'q"'}, 'q"\n'),
        ("${A}", {"A": "${B}"}, "${B}"),
        ("${A}", {"A": "a: [b"}, "a: [b"),
        ("a\ue000b", {}, "a\ue000b"),
        ("a\ue0000\ue001b", {}, "a\ue0000\ue001b"),
    ],
)
def test_variables_are_replaced(text: str, environ: dict[str, str], value: str) -> None:
    document = Document(f"{{a: {text}, b: c}}", "w.yaml", environ)
    assert document.tree == {"a": value, "b": "c"}
    assert document.faults == []


def test_value_remembers_how_it_was_written() -> None:
    document = Document("[x${A}]", "w.yaml", {"A": "y"})
    assert isinstance(document.tree, list)
    assert isinstance(document.tree[0], Leaf)
    assert (document.tree[0], document.tree[0].raw, document.taken) == ("xy", "x${A}", {"y"})


def test_variable_in_a_key_is_left_as_it_is() -> None:
    assert Document("${A}: b", "w.yaml", {"A": "y"}).tree == {"${A}": "b"}


@pytest.mark.parametrize("reference", ["${}", "${1}", "${A-b}", "${A:b}", "${A b}"])
def test_malformed_reference_is_a_fault(reference: str) -> None:
    text = "expected ${NAME} or ${NAME:-default}; a dollar sign that means itself is written $$"
    assert faults(f"a:\n  b: {reference}") == [(2, text)]


def test_missing_variable_is_a_fault() -> None:
    assert faults("a: ${A}") == [(1, "the environment has no variable A")]


@pytest.mark.parametrize(
    "text",
    [
        f"a: *{WORD}",
        f"a: !{WORD}!x b",
        f"a: &{WORD} 1\nb: &{WORD} 2",
        f"%{WORD}",
        f"a: b: {WORD}",
        f"{WORD}\na: b",
        f'a: "{WORD}',
        f"a: {WORD}\0",
        f"{{a: {{b: {WORD}",
    ],
)
def test_text_that_is_no_yaml_is_not_quoted(text: str) -> None:
    told = refused(text)
    assert told.startswith("w.yaml:")
    assert WORD not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "w.yaml:1: not YAML: while parsing a flow node: expected the node content"),
        ("a: b\n---\nc: d", "w.yaml:2: not YAML: expected a single document"),
        ("a: *b", "w.yaml:1: not YAML: text that begins with *, & or ! belongs in quotes"),
        ("a: &a [*a]", "w.yaml: expected at most 100000 values, nested at most 30 deep"),
        ("a: " + "[" * 40 + "]" * 40, "w.yaml: expected at most 100000 values, nested at most 30 deep"),
        ("[" * 100_000, "w.yaml: nested deeper than 30"),
        (BOMB, "w.yaml: expected at most 100000 values"),
        ("#" * (1024**2 + 1), "w.yaml: expected at most 1048576 characters, got 1048577"),
    ],
)
def test_yaml_that_means_trouble_is_refused(text: str, told: str) -> None:
    assert refused(text).startswith(told)


def test_text_at_the_limit_is_read() -> None:
    assert Document("#" * 1024**2, "w.yaml", {}).tree == {}


@pytest.mark.parametrize("key", ["1", "1.5", "~", "true", "[a]", "{a: b}"])
def test_key_that_is_no_text_is_a_fault(key: str) -> None:
    assert faults(f"a:\n  ? {key}\n  : b") == [(1, "line 2: expected a key that is text; put numbers in quotes")]


def test_key_given_twice_is_a_fault_and_the_first_counts() -> None:
    document = Document("a: 1\n\nb: {}\na: 2", "w.yaml", {})
    assert [fault.text for fault in document.faults] == ["given twice, again in line 4"]
    assert document.tree == {"a": "1", "b": {}}


@pytest.mark.parametrize("tag", ["!x", "!!python/name:os.system", "!!binary", "!!int"])
def test_tag_is_a_fault(tag: str) -> None:
    assert "tags (!...) are not understood" in faults(f"a: {tag} b")[0][1]


def test_alias_within_bounds_is_followed() -> None:
    assert Document("{a: &x {b: c}, d: *x}", "w.yaml", {}).tree == {"a": {"b": "c"}, "d": {"b": "c"}}
