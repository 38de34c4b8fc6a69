"""The least that a PySide6 program can do: an empty window. Prints the time of its first picture and leaves."""

import json
import os
import sys
import time

from PySide6.QtWidgets import QApplication, QWidget


class Window(QWidget):
    def paintEvent(self, event: object) -> None:
        print(json.dumps({"painted": time.monotonic()}), flush=True)
        os._exit(0)


application = QApplication(sys.argv)
window = Window()
window.resize(1440, 900)
window.show()
while True:
    application.processEvents()
