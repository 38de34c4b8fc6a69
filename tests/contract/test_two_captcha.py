"""2Captcha's own client, spoken to over the wire: answers, what they cost, and each way to have none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.domain.redaction import redact
from services.ports.wishes import CaptchaTerms
from services.submission import two_captcha
from services.submission.two_captcha import Answer, Puzzle, Unsolved, ask, report_wrong
from tests.fakes.two_captcha import GONE, KEY, NOT_READY, FakeTwoCaptcha

PAGE = "https://shop.example/add"
PICTURE = Puzzle("image", PAGE, picture="iVBORw0KGgo" * 20)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def solver(tmp_path: Path, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTwoCaptcha]:
    made = FakeTwoCaptcha(tmp_path)
    runner.run(made.start())
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    monkeypatch.setattr(two_captcha, "POLL_SECONDS", 0.01)
    yield made
    runner.run(made.stop())


@pytest.mark.parametrize(
    ("puzzle", "asked"),
    [
        (PICTURE, {"method": "base64", "body": PICTURE.picture}),
        (
            Puzzle("recaptcha", PAGE, "6Le-wvkSAAAA", invisible=True),
            {"method": "userrecaptcha", "googlekey": "6Le-wvkSAAAA", "pageurl": PAGE, "invisible": "1"},
        ),
        (Puzzle("hcaptcha", PAGE, "10000000-f"), {"method": "hcaptcha", "sitekey": "10000000-f", "pageurl": PAGE}),
        (Puzzle("turnstile", PAGE, "0x4AAAAAAA"), {"method": "turnstile", "sitekey": "0x4AAAAAAA", "pageurl": PAGE}),
    ],
)  # fmt: skip
def test_each_kind_is_answered_with_what_it_cost(
    puzzle: Puzzle, asked: dict[str, str], solver: FakeTwoCaptcha, runner: asyncio.Runner
) -> None:
    solver.says = [NOT_READY, GONE]
    began: list[str] = []
    assert runner.run(ask(solver.terms, puzzle, began.append)) == Answer("70001", "ACEFH", 0.00299)
    assert asked.items() <= solver.asked[0].items()
    assert began == ["70001"]


@pytest.mark.parametrize(
    ("refusal", "says", "words"),
    [
        ("ERROR_ZERO_BALANCE", [], "2Captcha: there is no money left on the account"),
        ("ERROR_METHOD_CALL", [], "2Captcha: it does not take this kind of captcha"),
        ("ERROR_OF_TOMORROW", [], "2Captcha: ERROR_OF_TOMORROW"),
        ("<html>", [], "2Captcha gave an answer that can't be read"),
        ("", ["ERROR_CAPTCHA_UNSOLVABLE"], "2Captcha: nobody there could solve it"),
        ("", [NOT_READY] * 1000, "2Captcha had no answer within 0.1 s"),
    ],
)
def test_each_way_to_have_no_answer_is_told_in_words(
    refusal: str, says: list[str], words: str, solver: FakeTwoCaptcha, runner: asyncio.Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if len(says) > 1:
        monkeypatch.setattr(two_captcha, "SECONDS", 0.1)
    began: list[str] = []
    solver.refusals, solver.says = [refusal] if refusal else [], says
    with pytest.raises(Unsolved) as unsolved:
        runner.run(ask(solver.terms, PICTURE, began.append))
    assert (str(unsolved.value), began) == (words, [] if refusal else ["70001"])
    assert unsolved.value.__cause__ is None


def test_a_wrong_key_and_a_server_that_is_gone(solver: FakeTwoCaptcha, runner: asyncio.Runner) -> None:
    with pytest.raises(Unsolved, match="it does not know the key of the account"):
        runner.run(ask(CaptchaTerms("another key", "admin@example.com", solver.terms.server), PICTURE, print))
    runner.run(solver.stop())
    with pytest.raises(Unsolved, match="2Captcha does not answer"):
        runner.run(ask(solver.terms, PICTURE, print))
    assert runner.run(report_wrong(solver.terms, "70001")) is False


def test_a_wrong_answer_is_reported(solver: FakeTwoCaptcha, runner: asyncio.Runner) -> None:
    assert runner.run(report_wrong(solver.terms, "70001")) is True
    assert solver.wrong == ["70001"]


def test_the_key_is_kept_out_of_every_text(solver: FakeTwoCaptcha, runner: asyncio.Runner) -> None:
    runner.run(ask(solver.terms, PICTURE, print))
    assert KEY not in repr(solver.terms)
    assert KEY not in redact(f"GET https://2captcha.com/res.php?key={KEY}")
