"""One word, five places: file names, step ids, tests and documents of the alert's path agree."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bytewax.visualize import RenderedOperator, to_rendered

from flows.proxy import connect
from tests.support.whole_flow import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
STEPS = ["convert", "dedup", "classify", "filter", "route"]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]

FOLDERS = "alerts|http_gateway|flows|connectors|winnow|tests|k6|benchmarks|deploy|docs"
# Not within a longer path or an address: `/etc/winnow/winnow.yaml`, `https://example.com/docs/`.
PATH = re.compile(rf"(?<![\w./:-])(?:\./)?((?:{FOLDERS})/[\w./<>*{{}},-]*[\w>*/}}])")
MODULE = re.compile(r"python3? -m ([\w.]+)")
BARE_FILE = re.compile(r"`(\w+\.py)`")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")


def _substeps() -> list[RenderedOperator]:
    return to_rendered(connect(parts([], []))).substeps


def _globs(path: str) -> Iterator[str]:
    """The patterns a path of a document stands for: `<name>` is any word, `{a,b}` are two paths."""
    found = re.search(r"\{([^{}]*)\}", path)
    if found is None:
        yield re.sub(r"<[^<>]*>", "*", path).strip("/")
        return
    for choice in found[1].split(","):
        yield from _globs(path.replace(found[0], choice.strip(), 1))


def _missing(text: str, folder: Path = ROOT) -> list[str]:
    """The paths and modules that a document's text names and the tree does not have; links start at `folder`."""
    paths = [path for path in PATH.findall(text) if not all(any(ROOT.glob(one)) for one in _globs(path))]
    bare = [name for name in BARE_FILE.findall(text) if not any(ROOT.glob(f"*/**/{name}"))]
    links = [link for link in LINK.findall(text) if not (folder / link).exists()]
    modules = [name for name in MODULE.findall(text) if not _is_module(name)]
    return paths + bare + links + modules


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_every_file_in_steps_is_a_step_of_the_path() -> None:
    assert {path.stem for path in (ROOT / "flows" / "steps").glob("*.py")} - {"__init__"} == set(STEPS)


def test_steps_stand_in_the_flow_under_their_words_in_the_order_of_the_path() -> None:
    assert [step.step_name for step in _substeps() if step.step_name in STEPS] == STEPS


@pytest.mark.parametrize(("before", "after"), list(zip(["kafka", *STEPS], STEPS, strict=False)))
def test_step_takes_what_the_step_before_it_gives(before: str, after: str) -> None:
    (step,) = [step for step in _substeps() if step.step_name == after]
    sources = [source for port in step.inp_ports for source in port.from_port_ids]
    assert sources
    assert all(source.startswith(f"proxy.{before}.") for source in sources)


@pytest.mark.parametrize("word", STEPS)
def test_step_has_a_class_of_its_word(word: str) -> None:
    module = importlib.import_module(f"flows.steps.{word}")
    assert isinstance(getattr(module, word.capitalize()), type)


@pytest.mark.parametrize("word", STEPS)
def test_step_has_a_test_file_of_its_word(word: str) -> None:
    assert (ROOT / "tests" / "flows" / "steps" / f"test_{word}.py").is_file()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_document_names_no_file_and_no_module_that_is_gone(path: Path) -> None:
    assert _missing(path.read_text(), path.parent) == []


def test_architecture_names_each_step_and_its_file_in_the_order_of_the_path() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert re.findall(r"^\| (\w+) \| `flows/steps/(\w+)\.py`", text, re.MULTILINE) == [(word, word) for word in STEPS]


@pytest.mark.parametrize(
    "text",
    [
        "see `flows/steps/dedupe.py`", "(flows/gone/)", "flows/steps/{dedup,gone}.py", "alerts/<x>/none.py",
        "connectors/targets/<kind>.txt", "./flows/gone.py", "python -m flows.gone", "python -m gone", "docs/gone.md.",
        "`gone.py`", "[there](gone.md)",
    ],
)  # fmt: skip
def test_name_of_a_file_that_is_gone_is_noticed(text: str) -> None:
    assert _missing(text)


@pytest.mark.parametrize(
    "text",
    [
        "see `flows/steps/dedup.py`.", "flows/steps/", "alerts/formats/<name>.py", "flows/steps/{dedup,filter}.py",
        "https://example.com/docs/gone.md", "/etc/winnow/winnow.yaml", "python -m http_gateway", "./flows/proxy.py",
        "and/or", "winnow.decisions", "`proxy.py`", "[here](README.md#top)", "[there](https://example.com/gone.md)",
    ],
)  # fmt: skip
def test_name_of_a_file_that_is_there_is_let_through(text: str) -> None:
    assert _missing(text) == []


def test_flow_is_drawn_without_a_broker() -> None:
    environ = {**os.environ, "KAFKA_BOOTSTRAP": "127.0.0.1:1", "WINNOW_CONFIG": str(ROOT / "winnow.yaml")}
    command = [sys.executable, "-m", "bytewax.visualize", "flows.proxy"]
    drawn = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert all(f"proxy.{word}[" in drawn.stdout for word in STEPS)
