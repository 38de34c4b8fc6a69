"""What goes into the frozen program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.freeze import contents

ROOT = Path(__file__).resolve().parents[3]
PYPROJECT = ROOT / "pyproject.toml"


def test_the_program_needs_its_dependencies_and_theirs() -> None:
    needed = contents.runtime_packages(PYPROJECT)
    assert {"pyside6-essentials", "botocore", "psycopg-binary", "supabase-auth", "greenlet"} <= needed
    assert not {"pytest", "moto", "pyinstaller", "coverage"} & needed


def test_tools_and_tests_are_excluded() -> None:
    excluded = contents.excluded_modules(PYPROJECT)
    assert {"tests", "pytest", "hypothesis", "moto", "PyInstaller", "PySide6.QtNetwork"} <= set(excluded)
    assert not {"main", "app", "widgets", "services", "resources"} & set(excluded)


def test_every_resource_goes_along_but_the_pictures_for_the_readme() -> None:
    files = [(Path(source).relative_to(ROOT), Path(folder)) for source, folder in contents.resource_files(ROOT)]
    taken = {file for file, _ in files}
    there = {file.relative_to(ROOT) for file in (ROOT / "resources").rglob("*") if file.is_file()}
    left = {file for file in there - taken if file.suffix not in (".py", ".pyc")}
    assert left
    assert {file.parts[1] for file in left} == {"pictures"}
    assert all(
        Path(source).relative_to(ROOT).parent == Path(folder) for source, folder in contents.resource_files(ROOT)
    )


@pytest.mark.parametrize(
    ("name", "is_wanted"),
    [
        ("botocore/data/sqs/2012-11-05/service-2.json.gz", True),
        ("botocore/data/endpoints.json", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/sso-admin/2020-07-20/service-2.json.gz", False),
        ("botocore/cacert.pem", True),
        ("PySide6/Qt/plugins/platforms/libqoffscreen.so", True),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqlinuxfb.so", False),
        ("PySide6\\plugins\\platforms\\qwindows.dll", True),
        ("PySide6/Qt/plugins/imageformats/libqjpeg.so", True),
        ("PySide6/Qt/plugins/imageformats/libqtiff.so", False),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("libstdc++.so.6", False),
        ("libxcb-cursor.so.0", True),
        ("playwright/driver/node", True),
        ("playwright/driver/package/lib/vite/traceViewer/sw.bundle.js", True),
        ("playwright/driver/package/lib/vite/traceViewer/index.html", True),
        ("playwright/driver/package/types/types.d.ts", False),
    ],
)
def test_of_the_libraries_only_what_is_used(name: str, is_wanted: bool) -> None:
    assert contents.wanted((name, f"/x/{name}", "DATA")) is is_wanted


def test_a_library_goes_when_what_needed_it_is_gone() -> None:
    entries = [
        ("numpy/core.so", "/p/core.so", "EXTENSION"),
        ("libblas.so", "/l/libblas.so", "BINARY"),
        ("libgfortran.so", "/l/libgfortran.so", "BINARY"),
        ("libgtk-3.so.0", "/l/libgtk-3.so.0", "BINARY"),
        ("libpango.so", "/l/libpango.so", "BINARY"),
        ("libpython3.11.so", "/l/libpython3.11.so", "BINARY"),
        ("PySide6/Qt/lib/libQt6Core.so.6", "/q/libQt6Core.so.6", "BINARY"),
        ("PySide6/Qt/lib/libQt6Network.so.6", "/q/libQt6Network.so.6", "BINARY"),
        ("libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6", "SYMLINK"),
        ("libQt6Network.so.6", "PySide6/Qt/lib/libQt6Network.so.6", "SYMLINK"),
    ]
    links = {
        "/p/core.so": ["libblas.so", "libQt6Core.so.6", "libc.so.6"],
        "/l/libblas.so": ["libgfortran.so"],
        "/l/libgtk-3.so.0": ["libpango.so"],
    }
    kept = contents.without_orphans(entries, lambda path: links.get(path, []))
    assert [name for name, _, _ in kept] == [
        "numpy/core.so",
        "libblas.so",
        "libgfortran.so",
        "libpython3.11.so",
        "PySide6/Qt/lib/libQt6Core.so.6",
        "libQt6Core.so.6",
    ]
