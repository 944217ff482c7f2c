from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from alerts.fields import FileSecret
from http_gateway.senders.secret_files import SecretFiles

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO_S = 1_000_000_000


class Followed:
    """A file that is followed, looked at when the test says so."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "token"
        self.path.write_text("first\n")
        self.got: list[str] = []
        self._files = SecretFiles(folder)
        self._files.follow(FileSecret("first", "token"), self._take)

    def _take(self, text: str) -> None:
        if text.startswith("bad"):
            raise ValueError("is of no use")
        self.got.append(text)

    def look(self) -> list[str]:
        for file in self._files._files:
            file.look()
        return self.got


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


def test_file_that_stays_as_it_is_is_taken_once(followed: Followed) -> None:
    assert followed.look() == []
    followed.path.write_text("second")
    assert followed.look() == ["second"]
    assert followed.look() == ["second"]


def test_change_within_the_same_moment_and_size_is_seen(followed: Followed) -> None:
    followed.look()
    status = followed.path.stat()
    followed.path.write_text("fir5t\n")
    os.utime(followed.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert followed.look() == ["fir5t"]


def test_old_file_that_another_takes_the_place_of_is_read(followed: Followed, tmp_path: Path) -> None:
    os.utime(followed.path, (LONG_AGO_S, LONG_AGO_S))
    followed.look()
    (tmp_path / "next").write_text("secnd\n")
    os.utime(tmp_path / "next", (LONG_AGO_S, LONG_AGO_S))
    (tmp_path / "next").rename(followed.path)
    assert followed.look() == ["secnd"]


def test_link_that_points_elsewhere_is_followed(followed: Followed, tmp_path: Path) -> None:
    """Kubernetes changes secrets so: the folder is a link."""
    for number in (1, 2):
        (tmp_path / f"v{number}").mkdir()
        (tmp_path / f"v{number}" / "token").write_text(f"number{number}")
    (tmp_path / "data").symlink_to("v1")
    followed.path.unlink()
    followed.path.symlink_to("data/token")
    assert followed.look() == ["number1"]
    (tmp_path / "new").symlink_to("v2")
    (tmp_path / "new").rename(tmp_path / "data")
    assert followed.look() == ["number1", "number2"]


@pytest.mark.parametrize("spoilt", [b"", b"\n", b"bad one", b"\xff\xfe", b"x" * 70_000])
def test_file_of_no_use_changes_nothing_until_it_is_right_again(followed: Followed, spoilt: bytes) -> None:
    followed.path.write_bytes(spoilt)
    assert followed.look() == followed.look() == []
    followed.path.write_text("second")
    assert followed.look() == ["second"]


def test_file_that_is_gone_changes_nothing_until_it_is_back(followed: Followed) -> None:
    followed.path.unlink()
    assert followed.look() == []
    followed.path.mkdir()
    assert followed.look() == []
    followed.path.rmdir()
    followed.path.write_text("first")
    assert followed.look() == []
    followed.path.write_text("second")
    assert followed.look() == ["second"]
