"""The addresses of pictures in a project's storage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.pictures import OF_STAFF, OF_WORKERS, name_at, picture_address, picture_name, upload_address

PROJECT = "http://127.0.0.1:54321"


@given(st.text(), st.text(), st.text())
def test_any_picture_is_found_again_by_its_address(job: str, host: str, run: str) -> None:
    name = picture_name(OF_WORKERS, job, host, run)
    assert name.count("/") == 3
    assert name_at(PROJECT, picture_address(PROJECT, name)) == name
    assert name_at(f"{PROJECT}/", picture_address(f"{PROJECT}/", name)) == name


def test_names_are_kept_where_they_are_plain() -> None:
    assert picture_name(OF_STAFF, "1-2", "a", "r1") == "runs/1-2/a/r1.jpg"
    assert upload_address(PROJECT, "runs/a b.jpg") == f"{PROJECT}/storage/v1/object/screenshots/runs/a%20b.jpg"


@pytest.mark.parametrize(
    "address",
    [
        "", "/data/a.jpg", "https://evil.example/storage/v1/object/authenticated/screenshots/a.jpg",
        f"{PROJECT}.evil.example/storage/v1/object/authenticated/screenshots/a.jpg",
        f"{PROJECT}/storage/v1/object/authenticated/screenshots/", f"{PROJECT}/storage/v1/object/public/screenshots/a",
        f"{PROJECT}/storage/v1/object/authenticated/screenshots/../../../../rest/v1/jobs",
        f"{PROJECT}/storage/v1/object/authenticated/screenshots/%2e%2e/x",
        f"{PROJECT}/storage/v1/object/authenticated/screenshots/a.jpg?apikey=1",
        f"{PROJECT}/storage/v1/object/authenticated/screenshots/a.jpg#x",
    ],
)  # fmt: skip
def test_no_other_address_is_believed_to_be_the_projects_own(address: str) -> None:
    assert name_at(PROJECT, address) is None
