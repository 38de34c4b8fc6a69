"""The idempotency key of one directory in one job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def idempotency_key(job_id: str, directory: str, factors: Mapping[str, object]) -> str:
    """sha256 hex of `{job_id}:{directory}:{J}`, J the compact JSON of `factors` with sorted keys."""
    compact = json.dumps(dict(factors), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{job_id}:{directory}:{compact}".encode()).hexdigest()


def older_idempotency_key(job_id: str, directory: str, business: Mapping[str, object]) -> str:
    """The key by the older documented formula: job, directory and the whole business, its keys as they stand."""
    return hashlib.sha256(f"{job_id}{directory}{json.dumps(dict(business))}".encode()).hexdigest()
