"""To check: submissions of unknown outcome and verdicts in doubt, worked down one by one."""

from widgets.pages.review.page import ReviewPage

__all__ = ["ReviewPage"]
