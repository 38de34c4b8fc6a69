"""What the frozen program says of itself to the system: name, version, maker."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

NAME: Final = "Directory-Bolt"
PROGRAM: Final = "directory-bolt"
IDENTIFIER: Final = "com.directorybolt.console"


@dataclass(frozen=True)
class Facts:
    """What pyproject.toml says of the program."""

    name: str
    version: str
    description: str

    @property
    def numbers(self) -> tuple[int, int, int, int]:
        """The version as four numbers, as Windows wants it. ValueError when it isn't 1 to 4 numbers."""
        parts = [int(part) for part in self.version.split(".")]
        if not 1 <= len(parts) <= 4 or any(not 0 <= part <= 0xFFFF for part in parts):
            raise ValueError(f"{self.version} is no version of 1 to 4 numbers")
        first, second, third, fourth = (*parts, 0, 0, 0)[:4]
        return first, second, third, fourth


def read(pyproject: Path) -> Facts:
    """The facts, from the one place where they are written down."""
    with pyproject.open("rb") as file:
        project = tomllib.load(file)["project"]
    return Facts(project["name"], project["version"], project["description"])


def pyproject_text(facts: Facts) -> str:
    """The part of pyproject.toml that the frozen program reads."""
    # JSON's strings are TOML's basic strings.
    lines = [f"{key} = {json.dumps(getattr(facts, key))}" for key in ("name", "version", "description")]
    return "\n".join(["[project]", *lines, ""])


def version_resource(facts: Facts) -> str:
    """The version resource of the Windows program, in the text form that PyInstaller reads."""
    numbers = facts.numbers
    strings = {
        "CompanyName": NAME,
        "FileDescription": f"{NAME} staff console",
        "FileVersion": facts.version,
        "InternalName": PROGRAM,
        "OriginalFilename": f"{PROGRAM}.exe",
        "ProductName": NAME,
        "ProductVersion": facts.version,
        "LegalCopyright": "MIT licence",
        "Comments": facts.description,
    }
    told = ",\n        ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return f"""VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0
  ),
  kids=[
    StringFileInfo([
      StringTable('040904B0', [
        {told},
      ])
    ]),
    VarFileInfo([VarStruct('Translation', [0x0409, 1200])]),
  ],
)
"""


def info_plist(facts: Facts) -> dict[str, Any]:
    """The values of the macOS program's Info.plist beyond those that PyInstaller sets."""
    return {
        "CFBundleName": NAME,
        "CFBundleDisplayName": NAME,
        "CFBundleIdentifier": IDENTIFIER,
        "CFBundleShortVersionString": facts.version,
        "CFBundleVersion": facts.version,
        "CFBundleGetInfoString": facts.description,
        "LSApplicationCategoryType": "public.app-category.business",
        "NSHighResolutionCapable": True,
        "NSRequiresAquaSystemAppearance": False,  # the window has a dark look of its own
    }


def write_pyproject(facts: Facts, folder: Path) -> Path:
    """Write `pyproject_text`; the file."""
    file = folder / "pyproject.toml"
    file.write_text(pyproject_text(facts), encoding="utf-8")
    return file


def write_version_resource(facts: Facts, folder: Path) -> Path:
    """Write `version_resource`; the file."""
    file = folder / "version_resource.txt"
    file.write_text(version_resource(facts), encoding="utf-8")
    return file
