"""The pictures that are drawn of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from docs.record.__main__ import write

if TYPE_CHECKING:
    from pathlib import Path


def test_picture_is_xml_that_shows_the_text_and_fetches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    write(file, "$ winnow test\n\x1b[31mFAIL\x1b[0m a <b> & c\n")
    drawn = file.read_text(encoding="utf-8")
    shown = "".join(ET.fromstring(drawn).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "$ winnow test" in shown
    assert "FAIL" in shown
    assert "a <b> & c" in shown
    assert [word for word in ("@font-face", "url(http", "href") if word in drawn] == []
