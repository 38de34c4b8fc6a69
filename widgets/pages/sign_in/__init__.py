"""Who comes, and to which project."""

from widgets.pages.sign_in.page import SignInPage

__all__ = ["SignInPage"]
