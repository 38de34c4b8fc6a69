"""What the frozen program says of itself to Windows and macOS."""

from __future__ import annotations

import plistlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services import program
from tests.freeze import metadata

PYPROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
FACTS = metadata.Facts("directory-bolt-console", "1.2.3", 'Watch "it" live \\ é.')


def test_there_is_one_source_of_the_version(tmp_path: Path) -> None:
    facts = metadata.read(PYPROJECT)
    assert facts.version == program.version()
    shipped = metadata.write_pyproject(facts, tmp_path)
    assert metadata.read(shipped) == facts


def test_what_is_shipped_of_pyproject_is_toml_of_these_three_lines() -> None:
    assert tomllib.loads(metadata.pyproject_text(FACTS)) == {
        "project": {"name": FACTS.name, "version": FACTS.version, "description": FACTS.description}
    }


@pytest.mark.parametrize(
    ("version", "numbers"), [("2", (2, 0, 0, 0)), ("0.1.0", (0, 1, 0, 0)), ("1.2.3.4", (1, 2, 3, 4))]
)
def test_windows_gets_four_numbers(version: str, numbers: tuple[int, int, int, int]) -> None:
    assert metadata.Facts("x", version, "").numbers == numbers


@pytest.mark.parametrize("version", ["", "1.2.3.4.5", "1.0rc1", "70000"])
def test_another_kind_of_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError):
        _ = metadata.Facts("x", version, "").numbers


def test_the_version_resource_reads_as_windows_wants_it(tmp_path: Path) -> None:
    strings: dict[str, str] = {}
    fixed: dict[str, Any] = {}
    # PyInstaller evaluates the file with classes of these names, which exist on Windows only.
    names: dict[str, Callable[..., Any]] = {
        "StringStruct": strings.__setitem__,
        "FixedFileInfo": lambda **told: fixed.update(told),
        **dict.fromkeys(("VSVersionInfo", "StringFileInfo", "StringTable", "VarFileInfo", "VarStruct"), _anything),
    }
    eval(metadata.write_version_resource(FACTS, tmp_path).read_text(encoding="utf-8"), {"__builtins__": {}, **names})
    assert fixed["filevers"] == fixed["prodvers"] == (1, 2, 3, 0)
    assert strings["ProductName"] == "Directory-Bolt"
    assert strings["FileVersion"] == strings["ProductVersion"] == "1.2.3"
    assert strings["OriginalFilename"] == "directory-bolt.exe"
    assert strings["Comments"] == FACTS.description


def _anything(*_: Any, **__: Any) -> None:
    """A class whose arguments don't matter."""


def test_the_info_plist_can_be_written() -> None:
    told = plistlib.loads(plistlib.dumps(metadata.info_plist(FACTS)))
    assert told["CFBundleShortVersionString"] == told["CFBundleVersion"] == "1.2.3"
    assert told["CFBundleName"] == "Directory-Bolt"
    assert told["CFBundleIdentifier"] == "com.directorybolt.console"
    assert told["NSHighResolutionCapable"] is True
