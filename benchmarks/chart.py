"""`python -m benchmarks.chart RESULT.json FOLDER`: a picture of each path, its figures beside their limits and aims.

A row for each figure, on a scale of its own that begins at zero: what is to be seen is how far Winnow is from its
limit. SVG that needs nothing else and can be read on light and on dark pages.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from alerts.text import cut
from benchmarks.figure import bounds, is_better_above, shown
from benchmarks.result import UnreadableError, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.figure import Figure
    from benchmarks.machine import Facts

_WIDTH, _LEFT, _BAR, _TEXT = 900, 20, 480, 530
_HEAD, _ROW, _FOOT = 60, 48, 30
# So many fit beside the bars, and below the whole.
_BESIDE_MAX_CHARS, _FOOT_MAX_CHARS = 62, 140

_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"
 font-family="system-ui, sans-serif" font-size="12">
<title>{title}</title>
<style>
text {{ fill: #57606a }} .name {{ fill: #24292f; font-weight: 600 }} .head {{ font-size: 16px }}
.ours {{ fill: #2f81f7 }} .limit {{ fill: #8c959f }} .aim {{ stroke: #d1242f; stroke-width: 2; stroke-dasharray: 3 2 }}
@media (prefers-color-scheme: dark) {{ text {{ fill: #9198a1 }} .name {{ fill: #e6edf3 }} }}
</style>
<text class="name head" x="20" y="24">{title}</text>
<rect class="ours" x="20" y="35" width="10" height="10"/><text x="36" y="44">Winnow</text>
<rect class="limit" x="100" y="35" width="10" height="10"/><text x="116" y="44">limit in the same run</text>
<path class="aim" d="M254 33v14"/><text x="262" y="44">aim</text>
{rows}<text x="20" y="{foot}">{facts}</text>
</svg>
"""


def picture(title: str, figures: Sequence[Figure], facts: Facts) -> str:
    """The SVG of one path."""
    height = _HEAD + _ROW * len(figures) + _FOOT
    rows = "".join(part for place, figure in enumerate(figures) for part in _row(figure, _HEAD + _ROW * place))
    told = ", ".join(str(facts[name]) for name in ("cpu", "python", "kernel", "date", "commit") if name in facts)
    words = {"title": escape(title), "facts": escape(cut(told, _FOOT_MAX_CHARS))}
    return _PICTURE.format(width=_WIDTH, height=height, rows=rows, foot=height - 10, **words)


def _row(figure: Figure, top: int) -> Iterator[str]:
    aims = _aims(figure)
    most = max([abs(figure.value), figure.limit_value or 0, *aims]) or 1
    ratio = "" if figure.ratio is None else f", {figure.ratio:.2f} times the limit"
    yield _text(
        "name", _LEFT, top + 12, f"{figure.what} ({'more' if is_better_above(figure.unit) else 'less'} is better)"
    )
    yield _bar("ours", top + 18, abs(figure.value) / most, 11)
    yield _text("name", _TEXT, top + 27, f"{shown(figure.value)} {figure.unit}{ratio}")
    if figure.limit_value is not None:
        yield _bar("limit", top + 30, figure.limit_value / most, 6)
    beside = "; ".join(part for part in (figure.limit, figure.aim and f"aim {figure.aim}") if part)
    yield _text("", _TEXT, top + 40, cut(beside, _BESIDE_MAX_CHARS))
    for aim in aims:
        yield f'<path class="aim" d="M{_LEFT + _BAR * aim / most:.1f} {top + 16}v22"/>\n'


def _aims(figure: Figure) -> list[float]:
    """Where the bounds of its aim are, in its unit; one of a ratio only beside a limit that has it too."""
    limit = figure.limit_value
    found = [(bound.number, 1 if bound.of == "value" else limit) for bound in bounds(figure.aim)]
    return [number * unit for number, unit in found if unit is not None]


def _bar(kind: str, top: int, share: float, height: int) -> str:
    return f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{max(1.0, _BAR * share):.1f}" height="{height}"/>\n'


def _text(kind: str, left: int, bottom: int, text: str) -> str:
    return f'<text class="{kind}" x="{left}" y="{bottom}">{escape(text)}</text>\n'


def main() -> int:
    """Draw all paths of a result; 2 if it cannot be read."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.chart", description=__doc__)
    options.add_argument("result", type=Path, help="A file of `make bench OUT=FILE`.")
    options.add_argument("folder", type=Path, help="Where to write `<path>.svg`.")
    asked = options.parse_args()
    try:
        result = read(asked.result)
    except UnreadableError as error:
        print(error, file=sys.stderr)
        return 2
    asked.folder.mkdir(parents=True, exist_ok=True)
    for name, figures in result.parts.items():
        if not figures:  # it could not be measured
            continue
        file = asked.folder / f"{name}.svg"
        file.write_text(picture(f"winnow bench: {name}", figures, result.machine), encoding="utf-8")
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
