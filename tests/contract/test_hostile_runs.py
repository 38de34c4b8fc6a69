"""Pages that mean harm, and runs that are killed: each ends in words and leaves nothing. The soaks do far more."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path

import pytest

from tests.soak import hostile, run_children
from tests.soak.hostile_pages import KINDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
SEED = 7
LEFT_TO_THE_SOAK = ("busy", "never", "bomb", "no press", "asks")


def test_each_hostile_page_ends_in_words_and_leaves_nothing() -> None:
    kinds = [kind for kind in KINDS if kind not in LEFT_TO_THE_SOAK]
    with hostile.temporary_files() as folder:
        pages = [(kind, SEED) for kind in kinds]
        visits = asyncio.run(hostile.visit_all(folder / "pictures", pages, random.Random(SEED)))
        assert [path.name for path in folder.iterdir()] == ["pictures"]
    assert len(visits) == 15
    assert [line for visit in visits for line in visit.wrong()] == []
    assert hostile.browser_processes() == {}


def test_runs_whole_and_killed_leave_no_process_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = asyncio.run(run_children.children(tmp_path, ["", "", "child", "browser"], SEED))
    run_children.check(ended)
    assert [one.verdict for one in ended[:2]] == ["dry", "submitted"]
