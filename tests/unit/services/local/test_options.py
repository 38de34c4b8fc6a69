"""What can't be asked of the stack is said before anything starts, with the option's name."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from services.local.options import PARTS, Options, build_parser, parse_options

SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
ANON = jwt.encode({"role": "anon"}, SECRET, algorithm="HS256")
SERVICE = jwt.encode({"role": "service_role"}, SECRET, algorithm="HS256")
OPAQUE = "sb_publishable_0123456789abcdef"


def parse(*argv: str) -> Options:
    return parse_options(build_parser(), list(argv))


def test_without_options_everything_starts_with_what_was_kept() -> None:
    options = parse()
    assert options.only == set(PARTS)
    assert (options.data, options.end_with_parent, options.sql) == (None, False, ())
    assert not options.given.ports
    assert not options.given.jwt_secret


def test_everything_at_once(tmp_path: Path) -> None:
    files = [tmp_path / "b.sql", tmp_path / "a.sql"]
    for file in files:
        file.write_text("select 1;")
    options = parse(
        "--data", str(tmp_path), "--only", "postgres, gateway", "--gateway-port", "54321", "--postgres-port=54322",
        "--jwt-secret", SECRET, "--publishable-key", ANON, "--service-key", SERVICE, "--staff-password", "let-me-in",
        "--sql", str(files[0]), "--sql", str(files[1]),
    )  # fmt: skip
    assert options.only == {"postgres", "gateway"}
    assert options.given.ports == {"gateway": 54321, "postgres": 54322}
    assert (options.given.publishable_key, options.given.service_role_key) == (ANON, SERVICE)
    assert (options.given.jwt_secret, options.given.staff_password) == (SECRET, "let-me-in")
    assert options.sql == tuple(files)


def test_options_from_a_file_stay_out_of_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "options"
    file.write_text(f"--jwt-secret\n{SECRET}\n--publishable-key={OPAQUE}\n")
    assert parse(f"@{file}").given.publishable_key == OPAQUE


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--gateway-port", "0"], ["--gateway-port", "1 to 65535"]),
        (["--queue-port", "many"], ["--queue-port", "'many'"]),
        (["--queue-port", "70000"], ["--queue-port"]),
        (["--brain-port", "5000", "--queue-port", "5000"], ["--brain-port", "port of queue"]),
        (["--only", "postgres", "--brain-port", "5000"], ["--brain-port", "not among --only"]),
        (["--only", "gatewy"], ["--only", "Did you mean gateway?"]),
        (["--only", "console"], ["--only", "no part 'console'", "worker"]),
        (["--only", ","], ["--only", "at least one part"]),
        (["--only", "gateway"], ["--only", "gateway needs postgres"]),
        (["--only", "postgres,intake"], ["--only", "intake needs queue"]),
        (["--only", "practice", "--sql", __file__], ["--sql", "postgres is not among --only"]),
        (["--sql", "/no/such.sql"], ["--sql", "/no/such.sql", "No such file"]),
        (["--sql", str(Path(__file__).parent)], ["--sql", "directory"]),
        (["--jwt-secret", "short"], ["--jwt-secret", "32 bytes", "this has 5"]),
        (["--staff-password", "12345"], ["--staff-password", "6 characters"]),
        (["--publishable-key", "abc"], ["--publishable-key", "sb_publishable_"]),
        (["--publishable-key", "sb_secret_0123456789abcdef"], ["--publishable-key", "this is a secret key"]),
        (["--service-key", OPAQUE], ["--service-key", "this is a publishable key"]),
        (["--publishable-key", ANON], ["--publishable-key", "needs the --jwt-secret"]),
        (["--publishable-key", SERVICE, "--jwt-secret", SECRET], ["--publishable-key", "'service_role', not 'anon'"]),
        (["--service-key", SERVICE, "--jwt-secret", "x" * 32], ["--service-key", "not signed with"]),
        (["--service-key", "eyJhbGci.eyJhbGci.x", "--jwt-secret", "x" * 32], ["--service-key", "can't be used"]),
        (["@/no/such/file"], ["/no/such/file"]),
        (["--gateway", "5"], ["unrecognized"]),
    ],
)
def test_what_cannot_be_used_is_named(argv: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(*argv)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    for word in words:
        assert word in said
    assert "0123456789abcdef" not in said
    assert ANON not in said


def test_help_shows_an_example_that_works(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("--help")
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    example = shown[shown.index("main.py stack --data") : shown.index("Give the suite")].replace("\\\n", " ")
    (tmp_path / "fixtures.sql").write_text("")
    words = [word if word != "fixtures.sql" else str(tmp_path / word) for word in example.split()[2:]]
    assert parse(*words).given.ports == {"gateway": 54321, "postgres": 54322}
