"""A served practice site, and requests to its hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.local.practice.app import build_app
from tests.local_http import serve


class Visitor:
    """Sends requests to a practice site under any host name."""

    def __init__(self, origin: str) -> None:
        self.client = httpx.Client(base_url=origin, trust_env=False, timeout=10)

    def get(self, host: str, path: str) -> httpx.Response:
        return self.client.get(path, headers={"Host": f"{host}:8080"})

    def post(self, host: str, form: dict[str, str], path: str = "/add") -> httpx.Response:
        return self.client.post(path, data=form, headers={"Host": f"{host}:8080"})

    def switch(self, host: str, mode: str, **more: object) -> httpx.Response:
        return self.client.post("/_switch", json={"host": host, "mode": mode, **more})

    def log(self, host: str = "", since: float = 0.0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.client.get("/_log", params={"host": host, "since": since}).json()
        return entries


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    return tmp_path / "practice" / "requests.jsonl"


@pytest.fixture
def visitor(log_file: Path) -> Iterator[Visitor]:
    with serve(lambda _: build_app(log_file)) as origin:
        visitor = Visitor(origin)
        yield visitor
        visitor.client.close()
