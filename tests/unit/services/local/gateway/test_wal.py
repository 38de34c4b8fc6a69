"""Decoding of pgoutput."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.local.gateway.feed import in_progress
from services.local.gateway.wal import Decoder, RowChange

UNCHANGED = object()
TEXTS = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)


def begin(xid: int = 7, microseconds: int = 0) -> bytes:
    return b"B" + struct.pack("!QqI", 1, microseconds, xid)


def relation(*columns: tuple[str, int, bool], oid: int = 5) -> bytes:
    body = b"".join(struct.pack("!B", key) + name.encode() + b"\0" + struct.pack("!Ii", kind, -1)
                    for name, kind, key in columns)  # fmt: skip
    return b"R" + struct.pack("!I", oid) + b"public\0jobs\0d" + struct.pack("!H", len(columns)) + body


def image(*values: object) -> bytes:
    out = struct.pack("!H", len(values))
    for value in values:
        if value is None:
            out += b"n"
        elif value is UNCHANGED:
            out += b"u"
        else:
            data = str(value).encode()
            out += b"t" + struct.pack("!i", len(data)) + data
    return out


def row(kind: bytes, *parts: bytes, oid: int = 5) -> bytes:
    return kind + struct.pack("!I", oid) + b"".join(parts)


def decoded(*messages: bytes) -> list[RowChange]:
    decoder = Decoder()
    return [change for change in map(decoder.feed, messages) if change]


HEAD = (begin(microseconds=1_500_000), relation(("id", 2950, True), ("note", 25, False)))


def test_an_insert() -> None:
    (change,) = decoded(*HEAD, row(b"I", b"N", image("a", None)))
    assert (change.kind, change.new, change.old, change.key) == ("INSERT", {"id": "a", "note": None}, {}, ("a",))
    assert (change.relation.schema, change.relation.table, change.relation.key_names) == ("public", "jobs", ("id",))
    assert (change.committed_at, change.xid) == (946_684_801.5, 7)


def test_an_update_leaves_out_what_did_not_change_and_knows_its_key() -> None:
    (change,) = decoded(*HEAD, row(b"U", b"N", image("a", UNCHANGED)))
    assert (change.kind, change.new, change.old, change.key) == ("UPDATE", {"id": "a"}, {"id": "a"}, ("a",))


@pytest.mark.parametrize("part", [b"K", b"O"])
def test_an_update_of_the_key_and_a_delete_tell_the_old_key_only(part: bytes) -> None:
    update, delete = decoded(
        *HEAD,
        row(b"U", part, image("a", "old"), b"N", image("b", "new")),
        row(b"D", part, image("b", "new")),
    )
    assert (update.old, update.new, update.key) == ({"id": "a"}, {"id": "b", "note": "new"}, ("b",))
    assert (delete.kind, delete.old, delete.new, delete.key) == ("DELETE", {"id": "b"}, {}, ("b",))


def test_a_table_that_changed_its_shape_is_read_by_its_new_shape() -> None:
    first, second = decoded(
        *HEAD, row(b"I", b"N", image("a", "x")), relation(("id", 2950, True)), row(b"I", b"N", image("b"))
    )
    assert (set(first.new), set(second.new)) == ({"id", "note"}, {"id"})


def test_other_messages_are_passed_over() -> None:
    assert decoded(*HEAD, b"C" + bytes(25), b"T" + bytes(9), b"Y" + bytes(8), b"O" + bytes(9)) == []


@settings(derandomize=True)
@given(st.lists(st.none() | TEXTS, max_size=6))
def test_every_text_comes_back(values: list[str | None]) -> None:
    names = [f"c{n}" for n in range(len(values))]
    (change,) = decoded(begin(), relation(*((name, 25, False) for name in names)), row(b"I", b"N", image(*values)))
    assert change.new == dict(zip(names, values, strict=True))


@settings(derandomize=True)
@given(st.binary(max_size=60), st.sampled_from([b"", b"B", b"R", b"I", b"U", b"D"]))
def test_bytes_that_are_not_pgoutput_are_a_value_error_at_most(data: bytes, kind: bytes) -> None:
    decoder = Decoder()
    for message in HEAD:
        decoder.feed(message)
    try:
        decoder.feed(kind + data)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("xids", "snapshot", "expected"),
    [
        ({5}, "10:10:", False),
        ({10}, "10:10:", True),
        ({7}, "7:12:7,9", True),
        ({8}, "7:12:7,9", False),
        ({3}, f"{2**32 + 2}:{2**32 + 5}:", False),
        ({6}, f"{2**32 + 2}:{2**32 + 5}:", True),
        ({2**32 - 1}, f"{2**32 + 2}:{2**32 + 5}:", False),
        (set(), "7:12:7", False),
    ],
)
def test_a_transaction_that_others_do_not_see_yet(xids: set[int], snapshot: str, expected: bool) -> None:
    assert in_progress(xids, snapshot) is expected
