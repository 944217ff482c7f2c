"""The page of a replay: one file that needs no other, to send to somebody."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING

from connectors.terminal import printable
from winnow._replay_report import HEAD, cells, for_people, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from winnow._replay_report import Report

# Nothing is fetched, whatever an alert says: no scripts but this one, no images, no styles from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
pre, td, input { font-family: ui-monospace, monospace; font-size: 13px; }
input { width: 100%; box-sizing: border-box; padding: .5rem; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8884;
  overflow-wrap: anywhere; }
"""
_SCRIPT = """
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map(row => row.textContent.toLowerCase());
document.querySelector("input").addEventListener("input", event => {
  const words = event.target.value.toLowerCase().split(/\\s+/);
  rows.forEach((row, at) => { row.hidden = !words.every(word => texts[at].includes(word)); });
});
"""


def write(report: Report) -> None:
    """Print the page; it works from a file."""
    for part in _parts(report):
        sys.stdout.write(part + "\n")


def _parts(report: Report) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>winnow replay</title><style>{_STYLE}</style></head><body><h1>winnow replay</h1>"
    yield f"<pre>{escape(chr(10).join(summary(report)))}</pre>"
    if report.differences:
        yield '<input type="search" placeholder="filter: words that a row must hold" aria-label="filter">'
        yield f"<table><thead>{_row('th', HEAD)}</thead><tbody>"
        yield from (_row("td", cells(one)) for one in for_people(report))
        yield f"</tbody></table><script>{_SCRIPT}</script>"
    yield "</body></html>"


def _row(tag: str, texts: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(printable(text))}</{tag}>" for text in texts) + "</tr>"
