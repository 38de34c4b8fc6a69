"""The one style sheet: what stock widgets look like, from the tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from widgets.look import metrics

_SHEET: Final = """
QToolTip { background: @surface.raised; color: @text.primary; border: 1px solid @line.strong; padding: 4px 6px; }
QLabel { background: transparent; }
QLabel[tone="primary"] { color: @text.primary; }
QLabel[tone="secondary"] { color: @text.secondary; }
QLabel[tone="tertiary"] { color: @text.tertiary; }
QLabel[tone="disabled"] { color: @text.disabled; }
QLabel[tone="accent"] { color: @accent.text; }
QLabel[tone="ok"] { color: @status.ok.text; }
QLabel[tone="running"] { color: @status.running.text; }
QLabel[tone="waiting"] { color: @status.waiting.text; }
QLabel[tone="failed"] { color: @status.failed.text; }
QLabel[tone="unknown"] { color: @status.unknown.text; }
QLabel[tone="lost"], QLabel[tone="doubled"] { color: @status.lost.text; }
QLabel[tone="skipped"] { color: @status.skipped.text; }
QLabel[tone="paused"], QLabel[tone="blocked"] { color: @status.paused.text; }
QLabel[tone="stale"] { color: @status.stale.text; }

*[surface="page"] { background: @surface.page; }
*[surface="window"] { background: @surface.window; }
*[surface="sunken"] { background: @surface.sunken; }
*[surface="selected"] { background: @surface.selected; }

QPushButton { border: {1}px solid @line.strong; border-radius: {4}px; background: @surface.page; color: @text.primary;
  padding: 0 {10}px; min-height: {26}px; max-height: {26}px; }
QPushButton[compact="true"] { padding: 0 {8}px; min-height: {22}px; max-height: {22}px; }
QPushButton:hover { background: @surface.hover; }
QPushButton:pressed { background: @surface.selected; }
QPushButton[look="primary"] { background: @accent.fill; border-color: @accent.fill; color: @accent.on_fill; }
QPushButton[look="primary"]:hover { background: @accent.fill_hover; border-color: @accent.fill_hover; }
QPushButton[look="danger"] { background: @danger.fill; border-color: @danger.fill; color: @danger.on_fill; }
QPushButton[look="quiet"] { background: transparent; border-color: transparent; color: @text.secondary; }
QPushButton[look="quiet"]:hover { background: @surface.hover; color: @text.primary; }
QPushButton[look="link"] { background: transparent; border-color: transparent; color: @accent.text; padding: 0 {2}px; }
QPushButton:disabled, QPushButton[look="primary"]:disabled, QPushButton[look="danger"]:disabled {
  color: @text.disabled; border-color: @line.normal; background: transparent; }
QPushButton[look="quiet"]:disabled, QPushButton[look="link"]:disabled { border-color: transparent; }
QPushButton[square="true"] { padding: 0; min-width: {26}px; max-width: {26}px; }
QPushButton[square="true"][compact="true"] { min-width: {22}px; max-width: {22}px; }

QLineEdit, QPlainTextEdit, QComboBox { border: {1}px solid @line.control; border-radius: {4}px;
  background: @surface.page; color: @text.primary; selection-background-color: @accent.fill;
  selection-color: @accent.on_fill; }
QLineEdit, QComboBox { padding: 0 {7}px; min-height: {26}px; max-height: {26}px; }
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus { border: {2}px solid @accent.focus; }
QLineEdit:focus, QComboBox:focus { padding: 0 {6}px; min-height: {24}px; max-height: {24}px; }
QLineEdit:disabled, QComboBox:disabled { color: @text.disabled; border-color: @line.normal; }
QLineEdit[wrong="true"] { border-color: @status.failed.mark; }
QLineEdit[bare="true"], QLineEdit[bare="true"]:focus { border: 0; background: transparent; padding: 0;
  min-height: {20}px; max-height: {20}px; }
QComboBox { combobox-popup: 0; }
QComboBox::drop-down { border: 0; width: {24}px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView { background: @surface.raised; border: {1}px solid @line.strong; outline: 0;
  selection-background-color: @surface.selected; selection-color: @text.primary; padding: {4}px; }
QComboBox QAbstractItemView::item { min-height: {26}px; padding: 0 {6}px; border-radius: {4}px; }
QComboBox QAbstractItemView::item:selected { background: @surface.selected; color: @text.primary; }

QCheckBox { spacing: {8}px; color: @text.primary; background: transparent; }
QCheckBox::indicator { width: {14}px; height: {14}px; border: {1}px solid @line.control; border-radius: {3}px;
  background: @surface.page; }
QCheckBox::indicator:checked { background: @accent.fill; border-color: @accent.fill; }
QCheckBox::indicator:focus { border-color: @accent.focus; }
QCheckBox:disabled { color: @text.disabled; }
QCheckBox::indicator:disabled { background: @surface.page; border-color: @line.strong; }

QAbstractItemView { background: @surface.page; border: 0; outline: 0; }
QTableView { gridline-color: transparent; selection-background-color: transparent; }
QHeaderView { background: @surface.page; border: 0; }
QScrollArea { border: 0; background: transparent; }
QScrollArea > QWidget > QWidget { background: transparent; }
QSplitter::handle { background: @line.normal; }

QScrollBar:vertical { background: transparent; width: {10}px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: {10}px; margin: 0; }
QScrollBar::handle { background: @line.strong; border-radius: {3}px; margin: {2}px; }
QScrollBar::handle:vertical { min-height: {28}px; }
QScrollBar::handle:horizontal { min-width: {28}px; }
QScrollBar::handle:hover { background: @line.control; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenu { background: @surface.raised; border: {1}px solid @line.strong; padding: {4}px; }
QMenu::item { padding: {5}px {16}px; color: @text.primary; }
QMenu::item:selected { background: @surface.selected; }
QMenu::item:disabled { color: @text.disabled; }
QMenu::separator { height: {1}px; background: @line.normal; margin: {4}px 0; }
"""

_TOKEN: Final = re.compile(r"@([a-z_.]+[a-z_])")
_SIZE: Final = re.compile(r"\{(\d+)\}")


def sheet(hex_of: Callable[[str], str]) -> str:
    """The style sheet with colours from `hex_of(token)` and sizes at the current zoom."""
    sized = _SIZE.sub(lambda found: str(metrics.px(int(found.group(1)))), _SHEET)
    return _TOKEN.sub(lambda found: hex_of(found.group(1)), sized)
