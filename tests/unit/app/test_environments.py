"""The list of environments on the disk: whole or not at all, for its owner only, kept aside when damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.environments import LOCAL, Environments
from services.domain.environments import Environment
from services.domain.errors import Refused

MAIN = Environment(
    "main", "Main", "production", "https://a.example", "sb_publishable_a", "desk-2@directory-bolt.example"
)
OTHER = Environment("other", "Other", "staging", "https://b.example", "sb_publishable_b")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "console" / "environments.json"


def read(file: Path) -> Environments:
    made = Environments(file, clock=lambda: 1_800_000_000.0)
    made.read()
    return made


def test_nothing_is_there_at_first(file: Path) -> None:
    made = read(file)
    assert (made.all, made.chosen, made.idle_minutes, made.trouble) == ((), None, None, "")


def test_what_is_kept_is_read_again(file: Path) -> None:
    first = read(file)
    first.keep(MAIN)
    first.keep(OTHER, choose=False)
    first.set_idle_minutes(5)
    first.keep_email("https://given.example/", "desk-3@directory-bolt.example")
    second = read(file)
    assert (second.all, second.chosen, second.idle_minutes) == ((MAIN, OTHER), MAIN, 5.0)
    assert second.email_at("https://given.example") == "desk-3@directory-bolt.example"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"password" not in file.read_bytes()
    second.keep(Environment("main", "Renamed", "production", "https://a.example", "k"))
    second.choose("other")
    assert [one.name for one in read(file).all] == ["Renamed", "Other"]
    assert read(file).chosen == OTHER
    second.remove("other")
    assert (read(file).chosen, [one.id for one in read(file).all]) == (None, ["main"])
    assert read(file).removed == (OTHER,), "it is still to be forgotten"
    second.forgotten(OTHER)
    second.forgotten(OTHER)
    assert read(file).removed == ()
    second.choose("main")
    second.choose(LOCAL)
    assert read(file).chosen is None


def test_the_same_again_is_not_written(file: Path) -> None:
    made = read(file)
    made.keep_email("https://given.example", "desk-3@directory-bolt.example")
    before = file.stat().st_mtime_ns
    made.keep_email("https://given.example", "desk-3@directory-bolt.example")
    made.choose(LOCAL)
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"environments": [{"id": 1}]}', b"[]"])
def test_a_damaged_file_is_kept_aside_and_named(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    made = read(file)
    assert made.all == ()
    (aside,) = file.parent.iterdir()
    assert aside.read_bytes() == content
    assert aside.name in made.trouble
    made.keep(MAIN)
    assert read(file).all == (MAIN,)


def test_a_folder_in_its_place_is_said_in_words(file: Path) -> None:
    file.mkdir(parents=True)
    assert "can't be read" in read(file).trouble


def test_what_can_not_be_written_changes_nothing(file: Path) -> None:
    made = read(file)
    made.keep(MAIN)
    file.with_suffix(".new").mkdir()
    with pytest.raises(Refused, match="can't be written"):
        made.keep(OTHER)
    assert made.all == read(file).all == (MAIN,)


def test_one_that_can_not_be_put_aside_is_said_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied")

    file.parent.mkdir()
    file.write_bytes(b"{")
    monkeypatch.setattr(Path, "replace", refuse)
    assert "can't be kept aside: Permission denied" in read(file).trouble


def test_everybody_who_signed_in_to_a_project_is_known_until_they_are_forgotten(file: Path) -> None:
    made = read(file)
    made.keep(MAIN)
    made.keep_email(MAIN.url + "/", "desk-3@directory-bolt.example")
    made.keep(MAIN)
    made.keep(OTHER)
    assert read(file).people_at(MAIN.url) == (MAIN.email, "desk-3@directory-bolt.example")
    assert read(file).people_at(OTHER.url) == ()
    made.forget_people(MAIN.url + "/")
    made.forget_people(MAIN.url)
    assert read(file).people_at(MAIN.url) == ()
