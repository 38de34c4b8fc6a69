"""Rows that take other places in one go, and what Qt keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex

from app.models.arrangement import Arrangement


@contextmanager
def new_layout(model: QAbstractItemModel, rows: Callable[[], Arrangement[Any]]) -> Iterator[None]:
    """What happens inside may give any row another place; selection and scroll position go along.

    `rows` says where everything stands: before, and then after.
    """
    model.layoutAboutToBeChanged.emit()
    indexes = model.persistentIndexList()
    slots = [rows().slot(index.row()) for index in indexes]
    yield
    places = [rows().row(slot) for slot in slots]
    fresh = [
        QModelIndex() if row < 0 else model.index(row, index.column())
        for row, index in zip(places, indexes, strict=True)
    ]
    model.changePersistentIndexList(indexes, fresh)
    model.layoutChanged.emit()
