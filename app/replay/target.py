"""Whether the main queue and the dead letters belong together, by what the main queue itself says."""

from __future__ import annotations

from typing import Literal

import msgspec

from services.ports.wishes import QueueFigures


class Target(msgspec.Struct, frozen=True):
    """`named`: the main queue names these dead letters as its own. `other`: it names others. `unnamed`: it names none,
    so that an admin has to confirm it. `words`: why nothing is replayed, "" for `named`."""

    state: Literal["named", "other", "unnamed"]
    words: str = ""


def target(main: QueueFigures, dlq: QueueFigures) -> Target:
    """Compare the redrive policy of the main queue with the dead letter queue that is looked at."""
    if not main.redrive_target_arn:
        return Target(
            "unnamed",
            "The main queue doesn't say where its dead letters go. An admin has to confirm that they come here.",
        )
    if main.redrive_target_arn == dlq.arn:
        return Target("named")
    its, here = names_of(main.redrive_target_arn, dlq.arn)
    return Target("other", f"The main queue's dead letters are in {its}, not in {here}: nothing is sent from here.")


def names_of(one: str, other: str) -> tuple[str, str]:
    """Two queues by their ARN, in as few words as tell them apart."""
    short = [arn.rpartition(":")[2] or "a queue without a name" for arn in (one, other)]
    return (one, other) if one != other and short[0] == short[1] else (short[0], short[1])
