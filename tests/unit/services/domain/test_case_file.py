"""Case files: what is packed comes back without secrets, and nothing hostile gets in."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.case_file import (
    FORMAT,
    LARGEST_PICTURE,
    LARGEST_TEXT,
    MOST_PICTURES,
    Case,
    CaseDirectory,
    CaseRun,
    CaseStep,
    Moment,
    NoCase,
    pack,
    unpack,
)

JPEG = b"\xff\xd8\xff\xe0 picture"
PLANTED = (
    "sb_secret_0123456789abcdef",
    "AKIAABCDEFGHIJKLMNOP",
    "hunter2horse",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
)
CASE = Case(
    "Söhne & Co", "j1", "failed", "local", 12.5, "desk-1", {"Package": "Starter, 50"},
    (Moment(1.0, "failed", "a.example", "w-1", "HTTP 500"),),
    (CaseDirectory("a.example", "failed", "It failed.", picture="pictures/001.jpg", record={"payload": {"n": [1]}}),),
    (CaseRun("r1", "a.example", True, steps=(CaseStep("Open", "x", "done", 3),), console=({"at": 1, "text": "a"},)),),
    (Moment(2.0, "Declare", "", "operator", "seen"),), ("Older events were not read yet.",),
)  # fmt: skip


def written(folder: Path, data: bytes) -> Path:
    file = folder / "x.case.zip"
    file.write_bytes(data)
    return file


def zipped(parts: list[tuple[str, bytes]], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as out:
        for name, data in parts:
            out.writestr(name, data)
    return made.getvalue()


def manifest(**more: Any) -> bytes:
    case = {"business": "x"}
    return json.dumps({"format": FORMAT, "version": 1, "case": case, "pictures": {}, **more}).encode()


def test_what_is_packed_comes_back(tmp_path: Path) -> None:
    pictures = {"pictures/001.jpg": JPEG}
    assert unpack(written(tmp_path, pack(CASE, pictures))) == (CASE, pictures)


def test_no_planted_secret_is_in_the_file(tmp_path: Path) -> None:
    token, key, password, jwt = PLANTED
    planted = Case(
        f"Bakery {token}", facts={"note": f"password: {password}"},
        timeline=(Moment(1.0, "x", words=f"Authorization: Bearer {jwt}"),),
        directories=(
            CaseDirectory(
                "h", error=f"fill password={password} failed", record={"api_key": password, "deep": [{"token": key}]}
            ),
        ),
        runs=(CaseRun("r", "h", False, words=key, console=({"text": f"{{\"secret\": \"{password}\"}}"},),
                      network=({"url": f"http://x/?access_token={jwt}"},),
                      requests=({"body": f"a=1&passwd={password}"},)),),
        decisions=(Moment(2.0, "x", words=key),),
    )  # fmt: skip
    file = written(tmp_path, pack(planted, {}))
    with zipfile.ZipFile(file) as made:
        text = made.read("case.json").decode()
    for secret in PLANTED:
        assert secret not in text
    assert "Bakery [redacted]" in text


def test_more_than_a_reader_takes_is_not_packed() -> None:
    for pictures in (
        {f"pictures/{n:03}.jpg": JPEG for n in range(MOST_PICTURES + 1)},
        {"pictures/001.jpg": JPEG + b"x" * LARGEST_PICTURE},
    ):
        with pytest.raises(ValueError):
            pack(CASE, pictures)
    with pytest.raises(ValueError, match="too long"):
        pack(Case("x" * (LARGEST_TEXT + 1)), {})


def bomb() -> bytes:
    return zipped([("case.json", b" " * (LARGEST_TEXT + 1))])


def picture_bomb() -> bytes:
    return zipped([("case.json", manifest()), ("pictures/001.jpg", JPEG + b"\0" * (LARGEST_PICTURE + 1))])


def liar() -> bytes:
    """Says that its picture unpacks to a few bytes."""
    data = bytearray(picture_bomb())
    real = (len(JPEG) + LARGEST_PICTURE + 1).to_bytes(4, "little")
    at = data.find(real)
    while at >= 0:
        data[at : at + 4] = (10).to_bytes(4, "little")
        at = data.find(real)
    return bytes(data)


def encrypted() -> bytes:
    data = bytearray(zipped([("case.json", manifest())]))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no case file"),
    "no zip": (lambda: b"{}" * 100, "no case file"),
    "an empty zip": (lambda: zipped([]), "no case file"),
    "another zip": (lambda: zipped([("readme.txt", b"x")]), "no case file"),
    "bomb": (bomb, "unpack to more"),
    "picture bomb": (picture_bomb, "unpack to more"),
    "a bomb that lies": (liar, "damaged"),
    "traversal": (lambda: zipped([("case.json", manifest()), ("../../evil.jpg", JPEG)]), "parts that no case has"),
    "an absolute path": (lambda: zipped([("case.json", manifest()), ("/etc/x.jpg", JPEG)]), "parts that no case has"),
    "backslashes": (lambda: zipped([("case.json", manifest()), ("pictures\\..\\x.jpg", JPEG)]), "parts that no"),
    "a program": (lambda: zipped([("case.json", manifest()), ("pictures/001.exe", b"MZ")]), "parts that no case has"),
    "many parts": (
        lambda: zipped([("case.json", manifest()), *((f"pictures/{n:03}.jpg", JPEG) for n in range(300))]),
        "more parts",
    ),
    "a sum that is wrong": (lambda: zipped([("case.json", manifest()), ("pictures/001.jpg", JPEG)]), "picture"),
    "a picture that is gone": (
        lambda: zipped([("case.json", manifest(pictures={"pictures/001.jpg": "0" * 64}))]), "is missing",
    ),
    "encrypted": (encrypted, "packed in a way"),
    "LZMA": (lambda: zipped([("case.json", manifest())], zipfile.ZIP_LZMA), "packed in a way"),
    "bad JSON": (lambda: zipped([("case.json", b"{")]), "no case file"),
    "deep JSON": (lambda: zipped([("case.json", b"[" * 200_000)]), "no case file"),
    "a list": (lambda: zipped([("case.json", b"[]")]), "no case file"),
    "wrong shapes": (lambda: zipped([("case.json", manifest(case={"business": 7}))]), "no case file"),
    "another format": (lambda: zipped([("case.json", manifest(format="x"))]), "no case file"),
    "a newer one": (lambda: zipped([("case.json", manifest(version=2))]), "newer console"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    make, words = HOSTILE[name]
    with pytest.raises(NoCase, match=words):
        unpack(written(tmp_path, make()))
    assert [file.name for file in tmp_path.rglob("*")] == ["x.case.zip"], "something of it was written to the disk"


def test_a_picture_that_is_none_is_refused_though_its_sum_is_right(tmp_path: Path) -> None:
    with pytest.raises(NoCase, match="picture"):
        unpack(written(tmp_path, pack(CASE, {"pictures/001.jpg": b"<svg onload=...>"})))


def test_a_file_that_is_not_there_or_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoCase, match="can't be read"):
        unpack(tmp_path / "none.zip")
    with pytest.raises(NoCase, match="can't be read"):
        unpack(tmp_path)
    monkeypatch.setattr("services.domain.case_file.LARGEST_FILE", 10)
    with pytest.raises(NoCase, match="too large"):
        unpack(written(tmp_path, pack(CASE, {})))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.binary(max_size=8), st.integers(0, 10_000))
def test_a_damaged_file_is_the_same_case_or_none(at: int, junk: bytes, length: int) -> None:
    whole = pack(CASE, {"pictures/001.jpg": JPEG})
    at, length = at % len(whole), length % len(whole)
    with tempfile.TemporaryDirectory() as folder:
        for data in (whole[:length], whole[:at] + junk + whole[at + len(junk) :]):
            try:
                found, pictures = unpack(written(Path(folder), data))
            except NoCase:
                continue
            assert found == CASE
            assert pictures == {"pictures/001.jpg": JPEG}
