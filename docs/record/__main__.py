"""Records the story of README.md: starts Winnow, types its commands, and writes a picture of each answer (SVG).

python -m docs.record [FOLDER]       or: make pictures
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from docs.record.session import ROOT, WIDTH, Session, play
from docs.record.story import is_shown, scenes

# The picture is looked at where there may be no network: any monospaced font does.
_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def main(folder: Path) -> int:
    """Write the pictures, and name what the README shows otherwise: 1 if there is any."""
    folder.mkdir(parents=True, exist_ok=True)
    differing = 0
    with tempfile.TemporaryDirectory() as place, Session(Path(place)) as session:
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        for number, (scene, answer) in enumerate(play(scenes(readme), session), 1):
            if answer.text.strip():
                name = re.sub(r"[^\w-]+", "-", scene.command)[:40].strip("-")
                write(folder / f"{number:02}-{name}.svg", f"$ {scene.command}\n{answer.text}")
            is_told = is_shown(scene.shown, answer.text) if scene.shown else True
            is_as_told = is_told and answer.code == scene.code
            differing += not is_as_told
            print(
                f"{'ok' if is_as_told else 'NOT AS IN README.md':<20} {scene.section}: {scene.command.splitlines()[0]}"
            )
        write(folder / "00-run.svg", f"$ make run\n{session.arrived()}")
    print(f"pictures: {folder}")
    return 1 if differing else 0


def write(file: Path, text: str) -> None:
    """The picture of a terminal that shows this."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text), soft_wrap=False)
    drawn = _FONT.sub("", console.export_svg(title="winnow")).replace("Fira Code", "monospace")
    file.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures")))
