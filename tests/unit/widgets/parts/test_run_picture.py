"""A run's picture, wherever it lies."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.pictures import Pictures
from services.domain.errors import NotReachable
from services.domain.pictures import picture_address
from tests.fakes.pictures import PROJECT, FakePictures
from tests.waiting import until
from widgets.parts.run_picture import RunPicture


def jpeg(folder: Path) -> bytes:
    image = QImage(64, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    assert image.save(str(folder / "made.jpg"))
    return (folder / "made.jpg").read_bytes()


def test_a_picture_of_the_disk_of_the_web_and_out_of_reach(qt_app: QApplication, tmp_path: Path) -> None:
    part = RunPicture(tmp_path, Pictures(FakePictures()))
    part.show()
    (tmp_path / "a.jpg").write_bytes(jpeg(tmp_path))
    part.show_where(str(tmp_path / "a.jpg"))
    assert part.picture.has_picture()
    part.show_where("https://cdn.example/a.jpg")
    assert (part.picture.has_picture(), part.link.words.text()) == (False, "https://cdn.example/a.jpg")
    part.show_where("/worker/a.jpg")
    assert part.words.text() == "/worker/a.jpg can't be reached from here."
    assert not part.link.isVisible()
    part.show_where(str(tmp_path / "b.jpg"))
    assert part.words.text() == str(tmp_path / "b.jpg")
    part.show_where("")
    assert not part.words.isVisible()
    part.close()


def test_a_picture_of_the_storage_is_read_when_it_is_looked_at(qt_app: QApplication, tmp_path: Path) -> None:
    store = FakePictures()
    store.kept = {"jobs/a.jpg": jpeg(tmp_path), "jobs/odd.jpg": b"no picture"}
    pictures = Pictures(store)

    async def go() -> None:
        part = RunPicture(tmp_path, pictures)
        part.show()

        async def shows(name: str, condition: object) -> None:
            part.show_where(picture_address(PROJECT, name))

            def met() -> bool:
                part.refresh()
                return bool(condition())  # type: ignore[operator]

            await until(met)

        try:
            await shows("jobs/a.jpg", part.picture.has_picture)
            part.show_where("")
            await shows("jobs/a.jpg", part.picture.has_picture)
            assert len(store.asked) == 1, "it was read again"
            await shows("jobs/odd.jpg", lambda: pictures.version == 2)
            assert not part.picture.has_picture()
            store.fault = NotReachable("The project's storage did not read a picture.")
            await shows("jobs/b.jpg", lambda: part.words.text() == "The project's storage did not read a picture.")
            store.fault = None
            store.kept["jobs/b.jpg"] = jpeg(tmp_path)
            await shows("jobs/b.jpg", part.picture.has_picture)
            assert not part.words.isVisible()
            for number in range(20):
                store.kept[f"jobs/{number}.jpg"] = jpeg(tmp_path)
                await shows(f"jobs/{number}.jpg", part.picture.has_picture)
            asked = len(store.asked)
            await shows("jobs/a.jpg", part.picture.has_picture)
            assert len(store.asked) == asked + 1, "all that was ever seen stays in memory"
        finally:
            part.close()
            await tasks.shutdown()

    asyncio.run(go())
