"""The project's storage in memory."""

from __future__ import annotations

from services.domain.errors import ConsoleError, NotInstalled
from services.domain.pictures import name_at, picture_address

PROJECT = "http://127.0.0.1:54321"


class FakePictures:
    """`PictureStore`. `fault` is raised by every call while it is set; `asked` names what was read."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.fault: ConsoleError | None = None

    def owns(self, address: str) -> bool:
        return name_at(PROJECT, address) is not None

    async def put(self, name: str, data: bytes) -> str:
        if self.fault is not None:
            raise self.fault
        self.kept.setdefault(name, data)
        return picture_address(PROJECT, name)

    async def get(self, address: str) -> bytes:
        self.asked.append(address)
        if self.fault is not None:
            raise self.fault
        name = name_at(PROJECT, address)
        if name not in self.kept:
            raise NotInstalled("There is nothing in the project's storage to read a picture.")
        return self.kept[name]

    async def check(self) -> None:
        if self.fault is not None:
            raise self.fault
