"""What came of cases as JUnit XML, which CI servers show."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from connectors.terminal import printable
from winnow._trial_words import faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from winnow._trial_words import Ran


def report(ran: Sequence[Ran]) -> bytes:
    """A suite for each file, with a test for each of its cases; what no XML may hold is escaped as for a terminal."""
    root = Element("testsuites", _counts("winnow test", ran))
    for file, those in groupby(ran, key=lambda one: one.file):
        cases = list(those)
        suite = SubElement(root, "testsuite", _counts(file, cases))
        for one in cases:
            _add(suite, one)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _counts(name: str, ran: Sequence[Ran]) -> dict[str, str]:
    failures = sum(not one.passed for one in ran)
    took_s = sum(one.took_s for one in ran)
    counts = {"tests": len(ran), "failures": failures, "errors": 0, "skipped": 0}
    return {"name": printable(name), **{word: str(count) for word, count in counts.items()}, "time": f"{took_s:.3f}"}


def _add(suite: Element, one: Ran) -> None:
    about = {"name": printable(one.planned.case.name), "classname": printable(one.file), "time": f"{one.took_s:.3f}"}
    case = SubElement(suite, "testcase", {**about, "file": printable(one.file), "line": str(one.planned.line)})
    if not one.passed:
        told = [printable(line) for line in faults(one)]
        failure = SubElement(case, "failure", {"message": told[0], "type": "unexpected"})
        failure.text = "\n".join(told)
