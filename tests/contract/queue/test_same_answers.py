"""Our endpoint answers stock boto3 as moto does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.sequences import ALL, Recorder, Sequence


@pytest.mark.parametrize("sequence", ALL, ids=lambda sequence: sequence.__name__)
def test_same_answers(sequence: Sequence, endpoint: Endpoint, moto_origin: str, new_name: Callable[[], str]) -> None:
    prefix = new_name()
    recorded = []
    for origin in (endpoint.origin, moto_origin):
        client = client_for(origin)
        recorder = Recorder(client, prefix)
        sequence(recorder)
        client.close()
        recorded.append(recorder.answers)
    ours, theirs = recorded
    for one, other in zip(ours, theirs, strict=True):
        assert one == other
