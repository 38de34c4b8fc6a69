"""A link to a job names it and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.case_links import case_link, job_of_link


@given(st.sampled_from(["local", "production"]), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_link_leads_back_to_its_job(environment: str, job_id: str) -> None:
    assert job_of_link(f" {case_link(environment, job_id)}\n") == job_id


@pytest.mark.parametrize(
    "text",
    ["", "j1", "https://x/jobs/j1", "directory-bolt://local", "directory-bolt://local/other/jobs/j", "a /jobs/b"],
)
def test_other_text_is_no_link(text: str) -> None:
    assert job_of_link(text) == ""
