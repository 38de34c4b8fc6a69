"""The self-setup of a checkout: everything that must be there before the first library is imported.

Written with the standard library alone; it loads on Python 3.6, so that an old Python gets a sentence to read.
"""

import contextlib
import ctypes
import glob
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from typing import BinaryIO, Dict, Iterator, List, NoReturn, Optional, Sequence, Set, Tuple

from services.interpreter import GUARD, needs_setup

# What Qt loads, offscreen and on a screen, and what Playwright's driver loads: Debian package -> the library in it.
LIBRARIES = {
    "libegl1": "libEGL.so.1",
    "libgl1": "libGL.so.1",
    "libxkbcommon0": "libxkbcommon.so.0",
    "libdbus-1-3": "libdbus-1.so.3",
    "libfontconfig1": "libfontconfig.so.1",
    "libglib2.0-0": "libglib-2.0.so.0",
    "libxcb-cursor0": "libxcb-cursor.so.0",
    "libxcb-icccm4": "libxcb-icccm.so.4",
    "libxcb-image0": "libxcb-image.so.0",
    "libxcb-keysyms1": "libxcb-keysyms.so.1",
    "libxcb-render-util0": "libxcb-render-util.so.0",
    "libxcb-shape0": "libxcb-shape.so.0",
    "libxcb-xkb1": "libxcb-xkb.so.1",
    "libxkbcommon-x11-0": "libxkbcommon-x11.so.0",
    "libatomic1": "libatomic.so.1",
}
# Runs without a window use the headless shell: it opens a page in a fifth of the time of the whole browser.
HEADLESS_PACKAGES = ("chromium-headless-shell", "fonts-liberation")
# The sandbox helper lets Chromium keep its sandbox.
CHROMIUM_PACKAGES = ("chromium", "chromium-sandbox")
BROWSERS = ("chromium", "google-chrome-stable", "google-chrome", "microsoft-edge-stable", "microsoft-edge", "msedge")
BROWSER_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files*/Google/Chrome/Application/chrome.exe",
    "C:/Program Files*/Microsoft/Edge/Application/msedge.exe",
)


class SetupFailed(Exception):
    """The environment can't be made ready; the text says why, and what to do."""


def enter(root: str, may_install: bool = True) -> None:
    """Return only inside the ready .venv of the checkout `root`; else make it ready and start over in it.

    Does nothing in a frozen program. `may_install` False refuses to install anything.
    Ends the program with a sentence when the environment can't be made ready.
    """
    if not needs_setup(root):
        return
    venv = os.path.join(root, ".venv")
    inside = os.path.realpath(sys.prefix) == os.path.realpath(venv)
    if os.environ.get(GUARD) == venv:
        sys.exit("{} is set, but this Python isn't that of {}; unset it and start again.".format(GUARD, venv))
    try:
        if not is_ready(root):
            if not may_install:
                raise SetupFailed("Not ready, and --no-setup forbids to install:\n" + "\n".join(_plan(root)))
            if inside:
                _start_over(_outer_python())  # a .venv can't be rebuilt by its own Python
            _make_ready(root)
    except SetupFailed as why:
        sys.exit(str(why))
    except KeyboardInterrupt:
        sys.exit("Stopped. The next start sets up again.")
    os.environ[GUARD] = venv
    if not inside:
        _start_over(venv_python(root))


def is_ready(root: str) -> bool:
    """True when .venv was finished for this list of packages, this Python, this platform and this folder."""
    try:
        with open(_mark(root), encoding="ascii") as file:
            return file.read() == _fingerprint(root) and os.path.exists(venv_python(root))
    except (OSError, UnicodeDecodeError):
        return False


def venv_python(root: str) -> str:
    """Path of the Python in .venv, whether or not it is there."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(root, ".venv", *parts)


def write_mark(root: str) -> None:
    """Declare .venv finished."""
    with open(_mark(root) + ".new", "w", encoding="ascii") as file:
        file.write(_fingerprint(root))
        file.flush()
        os.fsync(file.fileno())
    os.replace(_mark(root) + ".new", _mark(root))


@contextlib.contextmanager
def only_one(root: str) -> Iterator[int]:
    """Hold the setup lock of `root`; says so when it has to wait. Yields the locked file's descriptor."""
    os.makedirs(os.path.join(root, ".venv"), exist_ok=True)
    descriptor = os.open(os.path.join(root, ".venv", "setup.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try_lock(descriptor):
            _say("Another start is setting up this checkout; waiting for it.")
            while not _try_lock(descriptor):
                time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)


def find_browser() -> Optional[str]:
    """Path of a Chromium, Chrome or Edge of this machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or next((path for place in BROWSER_PLACES for path in glob.glob(place)), None)


def need(root: str, packages: Sequence[str]) -> None:
    """Install the Debian packages that are missing, as the self-setup does. SetupFailed says what to do instead."""
    if not has_apt():
        raise SetupFailed("Install what Debian calls {}, then start again.".format(" ".join(packages)))
    installed = _installed()
    _install_system(root, [name for name in packages if name not in installed])


def _lock_list(root: str) -> str:
    return os.path.join(root, "requirements.lock")


def _mark(root: str) -> str:
    return os.path.join(root, ".venv", "ready")


def _fingerprint(root: str) -> str:
    with open(_lock_list(root), "rb") as file:
        digest = hashlib.sha256(file.read())
    python = "{} {}.{}".format(sys.implementation.name, *sys.version_info[:2])
    needs = (python, sysconfig.get_platform(), os.path.realpath(root), *LIBRARIES, *CHROMIUM_PACKAGES)
    digest.update("\0".join(needs).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _outer_python() -> str:
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def _start_over(python: str) -> NoReturn:
    """Run this program again, with the same arguments, under `python`."""
    command = [python, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(python, command)
    # Windows has no exec: the child decides what Ctrl+C means, this process only passes its answer on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(subprocess.call(command))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _plan(root: str) -> List[str]:
    """What setting up would install, for people; system packages by name."""
    packages = _missing_packages()
    lines = ["  system packages: " + " ".join(packages)] if packages else []
    with open(_lock_list(root), encoding="utf-8") as file:
        count = sum(1 for line in file if "==" in line and not line.startswith((" ", "#")))
    lines.append("  Python packages: {} from requirements.lock, into .venv (about 1 GB)".format(count))
    if not find_browser() and not set(CHROMIUM_PACKAGES) & set(packages):
        lines.append("  Chromium, by way of Playwright, into your cache folder")
    if os.path.exists(os.path.join(root, ".venv", "pyvenv.cfg")):
        lines.append("The .venv that is there is unfinished or was made for something else: it is made anew.")
    return lines


def _make_ready(root: str) -> None:
    venv = os.path.join(root, ".venv")
    if os.path.islink(venv):
        # Other checkouts may use what is behind it.
        raise SetupFailed("{} is a link, and not ready; remove the link and start again.".format(venv))
    try:
        with only_one(root) as lock:
            if is_ready(root):
                return
            _say("Setting up this checkout, once. To be installed:\n" + "\n".join(_plan(root)))
            _install_system(root, _missing_packages())
            _build_venv(root, lock)
            write_mark(root)
            _say("Ready.")
    except OSError as error:
        raise SetupFailed("Setting up failed: {}".format(error)) from error


def _build_venv(root: str, lock: int) -> None:
    venv = os.path.join(root, ".venv")
    for name in os.listdir(venv):
        path = os.path.join(venv, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif not name.startswith("setup."):
            os.unlink(path)
    # These children share the lock: should this process be killed, the next start waits for their end.
    keep = (lock,) if os.name != "nt" else ()
    _run(root, "Making .venv", [sys.executable, "-I", "-m", "venv", venv], keep=keep)
    # In a .venv "install for this user only", a common setting, is an error.
    environment = dict(os.environ, PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    pip = [venv_python(root), "-I", "-m", "pip", "install", "--progress-bar", "off", "--no-deps", "--require-hashes"]
    _run(root, "Installing the Python packages", [*pip, "-r", _lock_list(root)], environment, keep)
    if not find_browser():
        browser = [venv_python(root), "-m", "playwright", "install", "chromium"]
        _run(root, "Downloading Chromium", browser, keep=keep)


def has_apt() -> bool:
    """Whether system packages are installed with apt-get here."""
    return sys.platform == "linux" and bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def has_debian_chromium() -> bool:
    """Whether apt has a browser. Ubuntu's package of that name only fetches a snap, which can't run everywhere."""
    with contextlib.suppress(OSError), open("/etc/os-release", encoding="utf-8") as file:
        return "ubuntu" not in file.read().lower()
    return False


def _missing_packages() -> List[str]:
    """Names of the Debian packages that are needed and not installed; empty where there is no apt."""
    if not has_apt():
        return []
    wanted = list(LIBRARIES)
    if has_debian_chromium():
        wanted += HEADLESS_PACKAGES
        if not find_browser():
            wanted += CHROMIUM_PACKAGES
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        wanted.insert(0, "python{}.{}-venv".format(*sys.version_info[:2]))
    installed = _installed()
    return [name for name in wanted if name not in installed]


def _installed() -> Set[str]:
    """Names of the Debian packages on this machine, and what they stand in for."""
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}\t${Package}, ${Provides}\n"]
    listed = subprocess.run(query, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout
    installed: Set[str] = set()
    for line in listed.splitlines():
        status, _, names = line.partition("\t")
        if status.startswith(("ii", "hi")):
            installed.update(name.split("(")[0].strip() for name in names.split(","))
    return installed


def _install_system(root: str, packages: List[str]) -> None:
    if not has_apt():
        _check_libraries()
        return
    if not packages:
        return
    become_root = _become_root()
    if become_root is None:
        raise SetupFailed(
            "System packages are missing, and this user may not install them. Run this line, "
            "then start again:\n" + line_for_people(packages)
        )
    apt = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    install = ["install", "--yes", "--no-install-recommends", *packages]
    known = subprocess.run(
        ["apt-get", "--simulate", *install], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode
    if known == 0:
        with contextlib.suppress(SetupFailed):
            _run(root, "Installing the system packages", [*apt, *install])
            return
    # The lists of packages are missing or older than the mirror.
    answer = _run(root, "Asking for the lists of packages", [*apt, "update"])
    try:
        _run(root, "Installing the system packages", [*apt, *install])
    except SetupFailed as why:
        raise SetupFailed("{}\nThe lists of packages came with: {}".format(why, answer)) from why


def _become_root() -> Optional[List[str]]:
    """What to put before a command to run it as root; None when this user can't."""
    if os.name == "nt" or os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    if subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return ["sudo", "-n"]
    if sys.stdin is not None and sys.stdin.isatty() and subprocess.call(["sudo", "-v"]) == 0:
        return ["sudo"]
    return None


def line_for_people(packages: Sequence[str]) -> str:
    """The line that installs Debian packages, for this user to run."""
    steps = "apt-get update && apt-get install --yes --no-install-recommends " + " ".join(packages)
    if os.name != "nt" and os.geteuid() == 0:
        return steps
    return ("sudo sh -c '{}'" if shutil.which("sudo") else "su -c '{}'").format(steps)


def _check_libraries() -> None:
    """On a Linux without apt: refuse when one of the libraries can't be loaded."""
    if sys.platform != "linux":
        return
    missing = []
    for library in LIBRARIES.values():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(library)
    if missing:
        raise SetupFailed(
            "Install these libraries with this system's package manager, then start again:\n  " + " ".join(missing)
        )


def _run(
    root: str, what: str, command: List[str], environment: Optional[Dict[str, str]] = None, keep: Tuple[int, ...] = ()
) -> str:
    """Run `command` with a sign of life every few seconds; its last line. SetupFailed when it fails.

    It writes to a file: a pipe would end with this process, and would break apt in the middle of its work.
    """
    _say(what + " ...")
    started = time.monotonic()
    path = os.path.join(root, ".venv", "setup.log")
    with open(path, "wb") as output, open(path, "rb") as written:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=keep,
        )
        code, shown = None, ""
        while code is None:
            try:
                code = child.wait(5)
            except subprocess.TimeoutExpired:
                line = _last_lines(written, 1)
                _say("  {:3.0f} s  {}".format(time.monotonic() - started, line[:100] if line != shown else ""))
                shown = line
        if code != 0:
            raise SetupFailed("{}\n{} failed ({}).".format(_last_lines(written, 30), what, code))
        return _last_lines(written, 1)


def _last_lines(file: BinaryIO, count: int) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
    lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    return "\n".join([line for line in lines if line][-count:])
