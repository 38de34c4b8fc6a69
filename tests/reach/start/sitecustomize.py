"""Read by each Python that starts with this folder on its path: it runs the marked sources."""

import os
import sys

if "REACH_FOLDER" in os.environ and sys.version_info >= (3, 11):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
    from tests.reach.watch import watch

    watch(os.environ["REACH_FOLDER"])
    # It leaves no trace: what is started may be a copy of the checkout with tests of its own.
    del sys.path[0]
    for name in ("tests.reach.watch", "tests.reach", "tests"):
        del sys.modules[name]
