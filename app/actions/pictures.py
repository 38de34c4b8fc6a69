"""The pictures of the project's storage, read when somebody looks at one."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from app import tasks
from services.domain.errors import ConsoleError
from services.ports.wishes import PictureStore

_MOST: Final = 12


class Pictures:
    """`version` grows when one has come. The newest few are kept in memory, and none on the disk."""

    def __init__(self, store: PictureStore) -> None:
        self._store = store
        self._known: OrderedDict[str, bytes | str] = OrderedDict()
        self._reading: set[str] = set()
        self.version = 0

    def owns(self, address: str) -> bool:
        """Whether this is the address of one of the project's own."""
        return self._store.owns(address)

    def of(self, address: str) -> bytes | str | None:
        """The picture, or a sentence why it can't be seen; None while it is being read, which begins here."""
        if address in self._known:
            self._known.move_to_end(address)
            return self._known[address]
        if address not in self._reading:
            self._reading.add(address)
            tasks.spawn("picture", self._read(address))
        return None

    def forget(self, address: str) -> None:
        """Let it be read again: a picture that could not be seen may be there by now."""
        if isinstance(self._known.get(address), str):
            del self._known[address]

    async def _read(self, address: str) -> None:
        try:
            self._known[address] = await self._store.get(address)
        except ConsoleError as error:
            self._known[address] = str(error)
        finally:
            self._reading.discard(address)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        self.version += 1
