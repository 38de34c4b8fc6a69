"""The role `dist`: makes the frozen program, reads it for what must not be in it, and tries it out."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from services import setup
from tests.freeze import contents, scan
from tests.freeze.metadata import PROGRAM

ROOT: Final = Path(__file__).resolve().parents[2]
SYSTEM_PACKAGES: Final = ("binutils", "libpython{}.{}".format(*sys.version_info[:2]))


def run(argv: list[str]) -> int:
    """Make dist/directory-bolt, or check a program that was made; the exit code."""
    from services.program import usage_name

    parser = argparse.ArgumentParser(
        prog=usage_name("dist"),
        description="Makes the frozen program in dist/: a folder that runs without Python. It gets there only when "
        "nothing is in it that must not be shipped. build/ is scratch.",
    )
    parser.add_argument(
        "--check",
        nargs="?",
        type=Path,
        const=ROOT / "dist" / PROGRAM,
        metavar="FOLDER",
        help="make nothing; check a finished one: what is in it, every role, and the tour (default: dist/)",
    )
    args = parser.parse_args(argv)
    if args.check is not None:
        from tests.freeze.check import check

        return check(args.check.resolve())
    try:
        _need_tools()
    except setup.SetupFailed as why:
        print(why, file=sys.stderr)
        return 1
    return make(ROOT / "build", ROOT / "dist")


def make(scratch: Path, out: Path) -> int:
    """Build below `scratch`, scan, then put the folder into `out`; the exit code."""
    fresh = scratch / "finished"
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    command += ["--distpath", str(fresh), "--workpath", str(scratch), str(ROOT / "build.spec")]
    print("Making the frozen program; this takes a minute or two ...", flush=True)
    if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
        return code
    if not passes_scan(fresh / PROGRAM):
        return 1
    for made in fresh.iterdir():
        place = out / made.name
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        made.rename(place)
        print(f"{place}: {_size(place)} MB", flush=True)
    return 0


def passes_scan(folder: Path) -> bool:
    """Read a finished program for what must not be in it, and say what was found."""
    modules = [*contents.foreign_modules(ROOT / "pyproject.toml"), *contents.OURS_LEFT_OUT]
    found = scan.findings(folder, scan.rules_here(ROOT, modules))
    for line in found:
        print(line)
    print(
        f"{len(found)} things must not be shipped." if found else "Nothing in it that must not be shipped.", flush=True
    )
    return not found


def _need_tools() -> None:
    """PyInstaller works with objcopy and a shared libpython. Raises SetupFailed when they can't be had."""
    from PyInstaller.depend.bindepend import get_python_library_path

    if sys.platform == "linux" and not (shutil.which("objcopy") and get_python_library_path()):
        setup.need(str(ROOT), SYSTEM_PACKAGES)


def _size(folder: Path) -> int:
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return round(sum(file.stat().st_size for file in files) / 1e6)
