"""A receipt handle comes back as it was, or not at all."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.local.queue.errors import QueueError
from services.local.queue.receipts import decode_handle, encode_handle

IDS = st.builds(lambda number: UUID(int=number), st.integers(0, 2**128 - 1))


@settings(derandomize=True)
@given(IDS, IDS)
def test_round_trip(message_id: UUID, receipt: UUID) -> None:
    assert decode_handle("main", encode_handle("main", message_id, receipt)) == (message_id, receipt)


@settings(derandomize=True)
@given(IDS, IDS)
def test_another_queue_refuses_it(message_id: UUID, receipt: UUID) -> None:
    with pytest.raises(QueueError) as caught:
        decode_handle("other", encode_handle("main", message_id, receipt))
    assert caught.value.code == "ReceiptHandleIsInvalid"


@settings(derandomize=True)
@given(st.text())
def test_any_other_text_is_refused(handle: str) -> None:
    with pytest.raises(QueueError, match="not a valid receipt handle"):
        decode_handle("main", handle)
