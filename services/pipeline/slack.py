"""Says a sentence in a Slack channel, by an incoming webhook."""

from __future__ import annotations

import httpx

from services.domain.redaction import redact


class NotSaid(Exception):
    """Slack did not take it. The text holds no part of the webhook's address, which is a secret."""


def say(webhook_url: str, text: str, *, limit_seconds: float = 10.0) -> None:
    """Post `text`, secrets out. Raises NotSaid."""
    try:
        answer = httpx.post(webhook_url, json={"text": redact(text)}, timeout=limit_seconds)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotSaid(type(error).__name__) from None
    if answer.status_code != 200:
        raise NotSaid(f"It answered with {answer.status_code}.")
