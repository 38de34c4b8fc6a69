"""Reads a finished frozen program for what must not be in it: secrets, tests, tools, paths of this machine."""

from __future__ import annotations

import io
import re
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PyInstaller.archive.readers import ArchiveReadError, CArchiveReader

SECRETS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "a signed token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    # The help of the stack shows keys of this one value.
    "a secret key of a project": re.compile(rb"sb_secret_(?!0123456789abcdef\b)[\w-]{8,}"),
    "a publishable key of a project": re.compile(rb"sb_publishable_(?!0123456789abcdef\b)[\w-]{8,}"),
    # Amazon's own documentation has keys that end in EXAMPLE.
    "an access key of AWS": re.compile(rb"(?<![A-Za-z0-9+/])A[KS]IA(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}"),
    # The header alone stands in every library that reads such keys.
    "a private key": re.compile(
        rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\r|\\n|\s)+(?:[\w-]+: [^\n\\]*(?:\\r|\\n|\s)+)*[A-Za-z0-9+/=]{40}"
    ),
}
_SETTINGS_FILE: Final = re.compile(r"^\.env(\..*)?$")
_TEST_NAME: Final = re.compile(r"^(tests?|conftest|test_.*|.*_test)$")


@dataclass(frozen=True)
class Rules:
    """What is forbidden beside secrets and tests."""

    modules: frozenset[str]
    """Packages that stay on the developer's machine, by the top of their name."""
    texts: Mapping[str, bytes]
    """What it is, and the text that nothing may hold."""
    allowed: tuple[bytes, ...] = ()
    """Longer texts that may be held although a forbidden one is in them."""


def rules_here(root: Path, modules: Iterable[str]) -> Rules:
    """The rules for a program that was made on this machine from the checkout `root`."""
    packages = Path(sysconfig.get_paths()["purelib"]).resolve()
    texts = {"the path of the checkout": root, "the path of this machine's packages": packages}
    if Path.home() != Path("/root"):  # which is nobody's name, and in many libraries
        texts["the path of a home folder"] = Path.home()
    # The interpreter carries the path where it was built, and that may be below a home folder.
    return Rules(
        frozenset(modules), {what: f"{path}/".encode() for what, path in texts.items()}, (sys.base_prefix.encode(),)
    )


def findings(folder: Path, rules: Rules) -> list[str]:
    """One sentence for each thing in `folder` that must not be there, with its place; empty when all is well."""
    found: set[str] = set()
    for place, parts, content in _pieces(folder):
        top = re.split(r"[.-]", parts[0])[0]
        if top in rules.modules:
            found.add(f"{place}: {top} is for development only")
        if any(_TEST_NAME.match(part.partition(".")[0]) for part in parts):
            found.add(f"{place}: is a test")
        if _SETTINGS_FILE.match(parts[-1]):
            found.add(f"{place}: is a file of settings")
        found.update(f"{place}: holds {what}" for what, secret in SECRETS.items() if secret.search(content))
        found.update(f"{place}: holds {what}" for what, text in rules.texts.items() if _holds(content, text, rules))
    return sorted(found)


def _holds(content: bytes, text: bytes, rules: Rules) -> bool:
    if text not in content:
        return False
    for allowed in rules.allowed:
        content = content.replace(allowed, b"")
    return text in content


def _pieces(folder: Path) -> Iterator[tuple[str, tuple[str, ...], bytes]]:
    """Every file and everything in an archive: its place, the parts of its name inside the program, its content."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        inside = file.relative_to(folder)
        parts = inside.parts[1:] if inside.parts[0] == "_internal" else inside.parts
        content = file.read_bytes()
        yield inside.as_posix(), parts, content
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield f"{inside.as_posix()}/{name}", tuple(name.rstrip("/").split("/")), archive.read(name)
        if file.parent == folder:
            for name, packed in _packed(file):
                yield f"{inside.as_posix()}/{name}", tuple(name.split(".")), packed


def _packed(program: Path) -> Iterator[tuple[str, bytes]]:
    """Names of the modules and scripts that PyInstaller packed into `program`, with their code."""
    try:
        archive = CArchiveReader(str(program))
    except ArchiveReadError:
        return
    for name, (*_, kind) in archive.toc.items():
        if kind == "z":
            modules = archive.open_embedded_archive(name)
            for module in modules.toc:
                yield module, modules.extract(module, raw=True) or b""
        else:
            yield name, archive.extract(name) or b""
