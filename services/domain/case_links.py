"""The link to a job that staff paste into a ticket, and into the search of another console."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

_SCHEME: Final = "directory-bolt://"
_JOBS: Final = "/jobs/"


def case_link(environment: str, job_id: str) -> str:
    """Names the job and the environment that it is in."""
    return f"{_SCHEME}{environment}{_JOBS}{quote(job_id, safe='')}"


def job_of_link(text: str) -> str:
    """The id of the job that a link names, "" for any other text."""
    text = text.strip()
    environment, found, job = text.removeprefix(_SCHEME).partition(_JOBS)
    return unquote(job) if text.startswith(_SCHEME) and found and "/" not in environment + job else ""
