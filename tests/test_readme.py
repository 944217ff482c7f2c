"""What the README has people type works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from connectors.configuration import load

ROOT = Path(__file__).parents[1]


def test_rule_that_the_story_adds_is_in_the_candidate(tmp_path: Path) -> None:
    (command,) = re.findall(r"^sed .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    shutil.copy(ROOT / "winnow.yaml", tmp_path)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=30)
    before, after = (load(tmp_path / name, {}).filter for name in ("winnow.yaml", "candidate.yaml"))
    (added,) = [rule for rule in after if rule.name not in {one.name for one in before}]
    assert (added.name, str(added.when), added.critical) == ("hush", '{alertname=~"Postgres.*"}', True)
