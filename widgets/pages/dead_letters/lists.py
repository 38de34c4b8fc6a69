"""The lists of the page, one behind each tab, and the inspector beside them."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Self

from app.desk import Desk
from widgets.pages.dead_letters.inspector import Inspector
from widgets.pages.dead_letters.inventory import Inventory
from widgets.pages.dead_letters.journal import JournalView
from widgets.pages.dead_letters.kept import KeptView


class Lists(NamedTuple):
    """What of the page takes long to build."""

    inventory: Inventory
    archived: KeptView
    journal: JournalView
    inspector: Inspector

    @classmethod
    def in_turns(cls, desk: Desk) -> Generator[None, None, Self]:
        """Build one in each turn of the loop."""
        inventory = Inventory(desk)
        yield
        archived = KeptView(desk)
        yield
        journal = JournalView(desk)
        yield
        return cls(inventory, archived, journal, Inspector())
