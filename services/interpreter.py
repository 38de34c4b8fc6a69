"""Which Python may run this program, and whether it is already the checkout's own.

Every start reads it first: no import but the lightest, in a syntax that Python 3.6 reads.
"""

import os
import sys

OLDEST = (3, 11)
TOO_NEW = (3, 14)
# Names the .venv whose Python runs this process: it is never set up again, nor are its children.
GUARD = "DIRECTORY_BOLT_VENV"
MISSING = "not found"


def check_python() -> None:
    """End the program with a sentence when this Python is too old or too new."""
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        return
    wanted = "Python {}.{} to {}.{} are fine, this is {}.{}.".format(
        OLDEST[0], OLDEST[1], TOO_NEW[0], TOO_NEW[1] - 1, sys.version_info[0], sys.version_info[1]
    )
    for minor in range(TOO_NEW[1] - 1, OLDEST[1] - 1, -1):
        name = "python3.{}".format(minor)
        problem = why_not(name)
        if not problem:
            wanted += " This machine has it: start with {}.".format(name)
            break
        if problem != MISSING:
            wanted += " {} is there, but can't run: {}.".format(name, problem)
    sys.exit(wanted)


def why_not(python: str) -> str:
    """Why this name or path starts no Python, in its own words; MISSING when there is none, "" when it does."""
    import subprocess

    try:
        tried = subprocess.Popen([python, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        return MISSING if isinstance(error, FileNotFoundError) else str(error.strerror)
    # A version manager puts a shim on PATH for each Python that it has, whether or not it may run here.
    said = tried.communicate()[1].decode("utf-8", "replace").strip()
    return (said.splitlines() or ["exit code {}".format(tried.returncode)])[0] if tried.returncode else ""


def needs_setup(root: str) -> bool:
    """False in a frozen program, outside a checkout, and in a process that a setup of `root` started."""
    if getattr(sys, "frozen", False) or not os.path.exists(os.path.join(root, "requirements.lock")):
        return False
    venv = os.path.join(root, ".venv")
    return os.environ.get(GUARD) != venv or os.path.realpath(sys.prefix) != os.path.realpath(venv)
