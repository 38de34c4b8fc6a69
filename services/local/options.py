"""The command line of `main.py stack`, checked before anything starts."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt

from services.local.install import Given, Ports
from services.program import usage_name

PARTS: Final = ("postgres", "gateway", "queue", "practice", "brain", "intake", "subscriber", "worker", "monitor")
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "gateway": ("postgres",),
    "queue": ("postgres",),
    "brain": ("postgres",),
    "intake": ("postgres", "queue"),
    "subscriber": ("postgres", "queue"),
    "worker": ("postgres", "brain"),
    "monitor": ("postgres", "queue"),
}
_JWT_SECRET_BYTES: Final = 32
_SHORTEST_PASSWORD: Final = 6
_KEY: Final = re.compile(r"sb_(publishable|secret)_[A-Za-z0-9_-]{16,}")
_EXAMPLE: Final = """\
Example, for the test suite of a Supabase client (as a file of options for @FILE, each on a line of its own, when the
keys are to stay out of the list of processes):

  main.py stack --data /tmp/suite --only postgres,gateway --gateway-port 54321 --postgres-port 54322 \\
    --jwt-secret super-secret-jwt-token-with-at-least-32-characters \\
    --publishable-key sb_publishable_0123456789abcdef --service-key sb_secret_0123456789abcdef \\
    --staff-password let-me-in-please --sql fixtures.sql

Give the suite http://127.0.0.1:54321 and the two keys. Ports, keys and passwords are kept in DATA/local/stack.json for
later starts; the line that says "ready" names a file with a console's settings, for the owner's eyes only.
"""


@dataclass(frozen=True)
class Options:
    """What was asked for. `only` holds names of PARTS; `sql` files exist."""

    data: Path | None
    end_with_parent: bool
    beat: bool
    only: frozenset[str]
    given: Given
    sql: tuple[Path, ...]


def build_parser() -> argparse.ArgumentParser:
    """The options with their help; @FILE reads more of them from a file, one a line."""
    parser = argparse.ArgumentParser(
        prog=usage_name("stack"),
        description="Runs the local stack in the foreground: PostgreSQL, gateway (Supabase's wire), queue (SQS's wire),"
        " practice directories, Brain, intake, subscriber, worker and monitor. Ctrl+C ends all of it; data stays for"
        " the next start.",
        epilog=_EXAMPLE.replace("main.py stack", usage_name("stack")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        fromfile_prefix_chars="@",
        allow_abbrev=False,
    )
    parser.add_argument("--data", type=Path, help="data folder (default: DIRECTORY_BOLT_HOME or the user's own)")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--beat", action="store_true", help="write an empty line each second, once it is up")
    parser.add_argument(
        "--only",
        type=_parts,
        default=frozenset(PARTS),
        metavar="PARTS",
        help=f"start these alone, parted by commas: {','.join(PARTS)}. Customers and orders to practise on come only"
        " with queue and practice",
    )
    for name in Ports.__struct_fields__:
        parser.add_argument(
            f"--{name}-port",
            type=_port,
            metavar="N",
            help=f"port of {name} on 127.0.0.1 (default: the last one, else any free one)",
        )
    parser.add_argument(
        "--publishable-key",
        type=_key("publishable"),
        metavar="KEY",
        help="sb_publishable_... or a JWT for the role anon (default: made on first start)",
    )
    parser.add_argument(
        "--service-key",
        type=_key("secret"),
        metavar="KEY",
        help="sb_secret_... or a JWT for the role service_role (default: made on first start)",
    )
    parser.add_argument(
        "--jwt-secret",
        type=_jwt_secret,
        metavar="SECRET",
        help=f"signs the tokens of a sign-in, HS256, at least {_JWT_SECRET_BYTES} bytes (default: made on first start)",
    )
    parser.add_argument(
        "--staff-password",
        type=_password,
        metavar="PASSWORD",
        help="password of desk-1@directory-bolt.example (default: made on first start)",
    )
    parser.add_argument(
        "--sql",
        type=_file,
        action="append",
        default=[],
        metavar="FILE",
        help="apply this file after the schema, as psql would in one transaction; more than one in the order given."
        " Every start applies it again",
    )
    return parser


def parse_options(parser: argparse.ArgumentParser, argv: list[str]) -> Options:
    """The options of `argv`; ends the process with code 2 and a sentence that names the option that can't be used."""
    args = parser.parse_args(argv)
    for part in (name for name in PARTS if name in args.only):
        lacking = [needed for needed in _NEEDS.get(part, ()) if needed not in args.only]
        if lacking:
            parser.error(f"argument --only: {part} needs {' and '.join(lacking)} as well")
    ports = {name: port for name in Ports.__struct_fields__ if (port := getattr(args, f"{name}_port")) is not None}
    for name, port in ports.items():
        if name not in args.only:
            parser.error(f"argument --{name}-port: {name} is not among --only")
        other = next(known for known in ports if ports[known] == port)
        if other != name:
            parser.error(f"argument --{name}-port: {port} is the port of {other} already")
    if args.sql and "postgres" not in args.only:
        parser.error("argument --sql: postgres is not among --only")
    for option, role in (("publishable_key", "anon"), ("service_key", "service_role")):
        why = _wrong_token(getattr(args, option), role, args.jwt_secret)
        if why:
            parser.error(f"argument --{option.replace('_', '-')}: {why}")
    given = Given(
        ports, args.publishable_key or "", args.service_key or "", args.jwt_secret or "", args.staff_password or ""
    )
    return Options(args.data, args.end_with_parent, args.beat, args.only, given, tuple(args.sql))


def _wrong_token(key: str | None, role: str, secret: str | None) -> str:
    """Why a key that is a JWT can't be used; "" for a good one, and for one that is no JWT."""
    if not key or not key.startswith("eyJ"):
        return ""
    if not secret:
        return "a JWT needs the --jwt-secret that it was signed with"
    try:
        found = jwt.decode(key, secret, algorithms=["HS256"], options={"verify_aud": False}).get("role")
    except jwt.InvalidSignatureError:
        return "this JWT was not signed with the --jwt-secret"
    except jwt.PyJWTError as error:
        return f"this JWT can't be used: {error}"
    return "" if found == role else f"this JWT is for the role {found!r}, not {role!r}"


def _parts(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PARTS:
            near = difflib.get_close_matches(name, PARTS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise argparse.ArgumentTypeError(f"there is no part {name!r}.{hint} Parts: {', '.join(PARTS)}")
    if not names:
        raise argparse.ArgumentTypeError(f"name at least one part of {', '.join(PARTS)}")
    return frozenset(names)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def _key(kind: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        # The text itself stays out of the words: it may be a real key, put into the wrong option.
        found = _KEY.fullmatch(text)
        if found and found[1] != kind:
            raise argparse.ArgumentTypeError(f"this is a {found[1]} key; one that begins with sb_{kind}_ belongs here")
        if not found and not re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", text, re.ASCII):
            raise argparse.ArgumentTypeError(f"a key is sb_{kind}_ and at least 16 letters, digits, _ or -, or a JWT")
        return text

    return check


def _jwt_secret(text: str) -> str:
    size = len(text.encode())
    if size < _JWT_SECRET_BYTES:
        raise argparse.ArgumentTypeError(f"at least {_JWT_SECRET_BYTES} bytes are needed, this has {size}")
    return text


def _password(text: str) -> str:
    if len(text) < _SHORTEST_PASSWORD:
        raise argparse.ArgumentTypeError(f"at least {_SHORTEST_PASSWORD} characters are needed")
    return text


def _file(text: str) -> Path:
    file = Path(text).absolute()
    try:
        with open(file, "rb") as content:
            content.read(1)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{file} can't be read: {error.strerror}") from error
    return file
