"""Which Python may run this program, and whether it is already the checkout's own.

Every start reads it first: no import but the lightest, in a syntax that Python 3.6 reads.
"""

import os
import sys

OLDEST = (3, 11)
TOO_NEW = (3, 14)
# Names the .venv whose Python runs this process: it is never set up again, nor are its children.
GUARD = "DIRECTORY_BOLT_VENV"


def check_python() -> None:
    """End the program with a sentence when this Python is too old or too new."""
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return
    import shutil

    wanted = "Python {}.{} to {}.{} are fine, this is {}.{}.".format(
        OLDEST[0], OLDEST[1], TOO_NEW[0], TOO_NEW[1] - 1, sys.version_info[0], sys.version_info[1]
    )
    for minor in range(TOO_NEW[1] - 1, OLDEST[1] - 1, -1):
        name = "python3.{}".format(minor)
        if shutil.which(name):
            wanted += " This machine has it: start with {}.".format(name)
            break
    sys.exit(wanted)


def needs_setup(root: str) -> bool:
    """False in a frozen program, outside a checkout, and in a process that a setup of `root` started."""
    if getattr(sys, "frozen", False) or not os.path.exists(os.path.join(root, "requirements.lock")):
        return False
    venv = os.path.join(root, ".venv")
    return os.environ.get(GUARD) != venv or os.path.realpath(sys.prefix) != os.path.realpath(venv)
