"""The failed directories of a job, grouped by why."""

from __future__ import annotations

from app.store.lines import DirectoryLine
from app.store.reasons import NOT_SAID, Reason, in_words, reasons
from services.domain.faults import PERSON_NEEDED, plain_words


def failed(host: str, error: str, outcome: str = "failed") -> DirectoryLine:
    return DirectoryLine("j", host, outcome=outcome, words=plain_words(error), error=error)


def test_the_same_reason_is_said_once_and_the_most_frequent_first() -> None:
    found = reasons(
        [
            failed("d", "captcha"),
            failed("c", "Entry 17 exists at http://x.localhost/17."),
            failed("b", "entry 4 exists at http://y.localhost/4."),
            failed("a", "Page.goto: Timeout 30000ms exceeded."),
            failed("e", "Page.goto: Timeout 5000ms exceeded."),
            failed("f", "net::ERR_EMPTY_RESPONSE", "submitted"),
            failed("g", "Page.goto: Timeout 9000ms exceeded."),
        ]
    )
    assert found == [
        Reason("The page did not load in time", ("a", "e", "g")),
        Reason("Entry 17 exists at http://x.localhost/17", ("b", "c")),
        Reason("The page asks for a captcha", ("d",)),
    ]
    assert in_words(found) == (
        "3 × The page did not load in time; 2 × Entry 17 exists at http://x.localhost/17;"
        " 1 × The page asks for a captcha"
    )


def test_whose_it_is_to_mend() -> None:
    found = reasons(
        [
            failed("a", "'NoneType' object has no attribute 'data'"),
            failed("b", PERSON_NEEDED["captcha"]),
            failed("c", ""),
        ]
    )
    assert {reason.hosts[0]: reason.whose for reason in found} == {"a": "platform", "b": "person", "c": ""}
    assert [reason.words for reason in found if reason.hosts == ("c",)] == [NOT_SAID]
    assert (reasons([]), in_words([])) == ([], "")
