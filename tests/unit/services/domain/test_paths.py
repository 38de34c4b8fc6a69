"""Text from outside makes no path that leaves its folder, and none that a system can't have."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.paths import inside, path_part


@given(st.text(st.characters()))
def test_any_text_makes_a_part_of_a_path(text: str) -> None:
    part = path_part(text)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", part)
    assert re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", part) is None
    assert part == text or part[-9] == "-"


def test_ids_stay_as_they_are_and_nothing_else_becomes_one() -> None:
    job_id = str(uuid.uuid4())
    assert path_part(job_id) == job_id
    odd = ["..", ".", "", "con", "NUL", "com1", "a.", "a ", "A", "a/b", "a\\b", "a\0", "x" * 81, job_id.upper()]
    parts = [path_part(text) for text in odd]
    assert len({*parts, "a", job_id}) == len(odd) + 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    (made / "artifacts").mkdir(parents=True)
    (made / "artifacts" / "a.jpg").write_text("x")
    (tmp_path / "secret.jpg").write_text("x")
    return made


def test_only_what_lies_in_the_folder_is_found(folder: Path) -> None:
    file = folder / "artifacts" / "a.jpg"
    assert inside(folder, str(file)) == file.resolve()
    assert inside(folder, f"{folder}/artifacts/../artifacts/a.jpg") == file.resolve()
    for other in ("", ".", "a.jpg", "artifacts/a.jpg", f"{folder}/../secret.jpg", f"{folder}2/a.jpg", "/etc/passwd",
                  "//host/share/a.jpg", "\\\\host\\share\\a.jpg", "http://a.example/a.jpg", f"{file}\0"):  # fmt: skip
        assert inside(folder, other) is None, other


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_out_of_the_folder_is_no_way_out(folder: Path) -> None:
    (folder / "out").symlink_to(folder.parent)
    (folder / "round").symlink_to(folder / "round")
    (folder.parent / "alias").symlink_to(folder)
    assert inside(folder, str(folder / "out" / "secret.jpg")) is None
    assert inside(folder, str(folder / "round")) is None
    alias = folder.parent / "alias"
    assert inside(alias, str(alias / "artifacts" / "a.jpg")) == (folder / "artifacts" / "a.jpg").resolve()
