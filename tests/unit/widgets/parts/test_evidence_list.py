"""The list of what a verdict was weighed from."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from services.domain.signs import Sign, Weighed
from widgets.parts.evidence_list import EvidenceList, points_words


def test_signs_are_listed_with_their_points_and_fewer_take_the_place_of_more(qt_app: QApplication) -> None:
    shown = EvidenceList()
    assert shown.isHidden()
    shown.show_evidence(Weighed(-11, (Sign("refused", -12, "the page says: no"), Sign("answered", 1, "taken in"))))
    assert shown.told() == [
        "+1 Taken in", "−12 The page says: no", "−11 in all; 4 count as submitted, 6 leave no doubt",
    ]  # fmt: skip
    shown.show_evidence(Weighed(3, (Sign("word", 3, "<b>page</b> says"),), "On little"))
    assert shown.told() == [
        "+3 <b>page</b> says", "+3 in all; 4 count as submitted, 6 leave no doubt", "On little.",
    ]  # fmt: skip
    shown.show_evidence(None)
    assert shown.isHidden()
    assert [points_words(points) for points in (2, 0, -8)] == ["+2", "0", "−8"]
