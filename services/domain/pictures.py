"""Pictures of runs in a project's storage: their names, and their addresses as `job_results.screenshot_url` holds them.

The bucket is private: who asks for an address needs a sign-in of the project.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from services.domain.paths import path_part

BUCKET: Final = "screenshots"
LARGEST: Final = 5 * 1024 * 1024
"""Bytes of one picture."""
OF_WORKERS: Final = "jobs"
OF_STAFF: Final = "runs"
_OBJECT: Final = "/storage/v1/object/"
_SEEN_WITH_A_SIGN_IN: Final = f"{_OBJECT}authenticated/{BUCKET}/"


def picture_name(kind: str, job_id: str, directory: str, run_id: str) -> str:
    """Where a run's last picture lies in the bucket; `kind`: OF_WORKERS or OF_STAFF."""
    return "/".join([kind, path_part(job_id), path_part(directory), f"{path_part(run_id)}.jpg"])


def upload_address(project: str, name: str) -> str:
    """Where the project at this address takes a picture of this name."""
    return f"{project.rstrip('/')}{_OBJECT}{BUCKET}/{quote(name)}"


def picture_address(project: str, name: str) -> str:
    """Where the project at this address shows the picture of this name."""
    return f"{project.rstrip('/')}{_SEEN_WITH_A_SIGN_IN}{quote(name)}"


def name_at(project: str, address: str) -> str | None:
    """The name of a picture of this project, from its address; None for any other address."""
    start = f"{project.rstrip('/')}{_SEEN_WITH_A_SIGN_IN}"
    name = unquote(address.removeprefix(start)) if address.startswith(start) else ""
    safe = name and picture_address(project, name) == address and ".." not in name.split("/")
    return name if safe else None
