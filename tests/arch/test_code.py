"""The code keeps the house's rules, and each rule finds what was planted against it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.arch.code_rules import RULES, Rule, nodes

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = ("main.py", "app", "widgets", "services", "resources", "tests")
LONGEST = 400


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """What was parsed is: millions of objects, which each later walk of the garbage collector would go through."""
    yield
    parsed.cache_clear()
    nodes.cache_clear()


def files(*where: str) -> Iterator[Path]:
    for one in where:
        yield from [ROOT / one] if one.endswith(".py") else sorted((ROOT / one).rglob("*.py"))


@functools.cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def offences(rule: Rule, where: Sequence[Path]) -> list[str]:
    return [f"{name(file)}:{getattr(node, 'lineno', 0)}" for file in where for node in rule.find(parsed(file))]


@pytest.mark.parametrize("what", RULES)
def test_the_code_keeps(what: str) -> None:
    rule = RULES[what]
    looked_at = [file for file in files(*rule.where) if name(file) not in rule.exempt]
    assert looked_at
    assert not offences(rule, looked_at)


@pytest.mark.parametrize(("what", "planted"), [(what, planted) for what in RULES for planted in RULES[what].plants])
def test_a_planted_offence_is_found(what: str, planted: str) -> None:
    assert list(RULES[what].find(ast.parse(planted)))


@pytest.mark.parametrize(("what", "exempt"), [(what, file) for what in RULES for file in RULES[what].exempt])
def test_an_exemption_is_used(what: str, exempt: str) -> None:
    assert offences(RULES[what], [ROOT / exempt]), f"{exempt} offends no more: take it out"


def test_files_are_short() -> None:
    lengths = {name(file): len(file.read_text().splitlines()) for file in files(*EVERYWHERE)}
    assert not {file: length for file, length in lengths.items() if length > LONGEST}


def test_every_file_says_what_it_is_for() -> None:
    assert not [name(file) for file in files(*EVERYWHERE) if not says_its_purpose(file)]


def says_its_purpose(file: Path) -> bool:
    return bool(ast.get_docstring(parsed(file))) or (file.name == "__init__.py" and not file.read_text())


def test_an_exception_from_coverage_has_a_reason() -> None:
    bare = re.compile(r"pragma: no (?:cover|branch)\s*$", re.MULTILINE)
    assert not [name(file) for file in files(*EVERYWHERE) if bare.search(file.read_text())]
    assert bare.search("x = 1  # " + "pragma: no cover")


def test_nobody_waves_a_ban_away() -> None:
    waved = re.compile(r"noqa: [A-Z0-9, ]*\b(?:TID251|T201)\b|noqa\s*$", re.MULTILINE)
    assert not [name(file) for file in files(*EVERYWHERE) if waved.search(file.read_text())]
    assert all(waved.search("import os  # noqa" + rest) for rest in ("", ": F401, TID251"))


@pytest.mark.parametrize("folder", ["app", "widgets", "services", "resources", "tests"])
def test_every_folder_with_code_is_a_package(folder: str) -> None:
    # The import rules skip a folder without __init__.py in silence.
    assert not [name(file) for file in files(folder) if not (file.parent / "__init__.py").exists()]
