"""Dead letters: jobs that could not be started, and their replay."""

from widgets.pages.dead_letters.page import DeadLettersPage

__all__ = ["DeadLettersPage"]
