"""What the console needs from the outside: small Protocols, one ability each.

Real ones are in `services.clients`, fakes in `tests.fakes`; one contract suite runs on both.
All methods may raise the errors of `services.domain.errors` and nothing else.
"""

from services.ports.facts import Change, Feed, LinkSignal, Planner, Reads, Table
from services.ports.wishes import DeadLetter, QueueFigures, Queues, Runner, RunRequest, SentMessage, StaffActs

__all__ = [
    "Change",
    "DeadLetter",
    "Feed",
    "LinkSignal",
    "Planner",
    "QueueFigures",
    "Queues",
    "Reads",
    "RunRequest",
    "Runner",
    "SentMessage",
    "StaffActs",
    "Table",
]
