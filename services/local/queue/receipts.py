"""Receipt handles: which receive of which message, in which queue."""

from __future__ import annotations

import base64
import binascii
import hashlib
from uuid import UUID

from services.local.queue.errors import invalid_receipt

_CHECK_BYTES = 8


def encode_handle(queue: str, message_id: UUID, receipt: UUID) -> str:
    """The handle of one receive, good for `queue` only."""
    ids = message_id.bytes + receipt.bytes
    return base64.urlsafe_b64encode(ids + _check(queue, ids)).decode()


def decode_handle(queue: str, handle: str) -> tuple[UUID, UUID]:
    """Message id and receipt of `handle`; ReceiptHandleIsInvalid if `queue` never gave it out."""
    try:
        raw = base64.b64decode(handle, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_receipt(handle) from error
    ids, check = raw[:32], raw[32:]
    if len(ids) != 32 or check != _check(queue, ids):
        raise invalid_receipt(handle)
    return UUID(bytes=ids[:16]), UUID(bytes=ids[16:])


def _check(queue: str, ids: bytes) -> bytes:
    return hashlib.blake2b(queue.encode() + ids, digest_size=_CHECK_BYTES).digest()
