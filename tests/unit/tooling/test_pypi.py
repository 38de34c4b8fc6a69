"""`main.py bench` fetches a peer into a folder of its own, or says why it can't."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bench import pypi


def wheel(folder: Path) -> None:
    """A package of one module, which needs another that nobody has."""
    info = "peer-1.0.dist-info"
    with zipfile.ZipFile(folder / "peer-1.0-py3-none-any.whl", "w") as made:
        made.writestr("peer.py", "import sys\n\ndef main():\n    print(sys.argv[1:])\n    return 2\n")
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: peer\nVersion: 1.0\nRequires-Dist: nowhere\n")
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")


def test_a_peer_runs_from_its_folder_and_one_that_is_not_to_be_had_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    folder = tmp_path / "it's here"
    assert pypi.install(folder, "peer==1.0") == ""
    done = subprocess.run([*pypi.command(folder, "peer"), "--max", "3"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, "peer" in sys.modules) == (2, "['--max', '3']\n", False)
    assert "peer==2.0" in pypi.install(folder, "peer==2.0")
