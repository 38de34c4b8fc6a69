"""A JSON value as a tree of keys and values, 20 px a row, in mono."""

from __future__ import annotations

import json
from typing import Any, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts.focus_ring import InnerRing

_MOST: Final = 5000
_WIDEST: Final = 500
_DEEPEST: Final = 40


class JsonTree(QTreeView):
    """Shows one value; the first two levels are open. Nothing in it is rich text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value: Any = None
        self._count = 0
        self.setAccessibleName("Values")
        InnerRing(self)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(metrics.px(14))
        self.setFont(fonts.font("mono"))
        self.setItemDelegate(_Rows(self))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._model = QStandardItemModel(0, 2, self)
        self.setModel(self._model)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)
        theme.switch.changed.connect(self._build)

    def show_value(self, value: Any) -> None:
        """Show a decoded JSON value; the same value again changes nothing."""
        if value != self._value or not self._model.rowCount():
            self._value = value
            self._build()

    def _build(self) -> None:
        self._model.removeRows(0, self._model.rowCount())
        self._count = 0
        root = self._model.invisibleRootItem()
        if isinstance(self._value, dict | list):
            self._fill(root, self._value, 0)
        elif self._value is not None:
            root.appendRow([self._item("value", "accent"), self._leaf(self._value)])
        self.expandToDepth(0)

    def _fill(self, parent: QStandardItem, value: dict[str, Any] | list[Any], depth: int) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for number, (key, child) in enumerate(pairs):
            self._count += 1
            if number >= _WIDEST or self._count > _MOST or depth > _DEEPEST:
                parent.appendRow([self._item("…", "tertiary"), self._item("more is not shown", "tertiary")])
                return
            name = self._item(str(key), "accent" if isinstance(value, dict) else "running")
            nested = isinstance(child, dict | list) and bool(child)
            parent.appendRow([name, self._item(_size(child), "tertiary") if nested else self._leaf(child)])
            if nested:
                self._fill(name, child, depth + 1)

    def _leaf(self, value: Any) -> QStandardItem:
        words = json.dumps(value, ensure_ascii=False)
        return self._item(words, "ok" if isinstance(value, str) else "running" if value is not None else "tertiary")

    def _item(self, words: str, tone: str) -> QStandardItem:
        item = QStandardItem(one_line(words))
        item.setForeground(theme.current().tone(tone))
        return item


class _Rows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), metrics.px(20))


def _size(value: dict[str, Any] | list[Any]) -> str:
    return f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"
