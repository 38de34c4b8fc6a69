"""Raises an alarm when dead letters come in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from services.pipeline.slack import NotSaid, say
from services.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

log = logging.getLogger(__name__)


class DeadLetterAlarm:
    """One alarm for each rise from the threshold on; a monitor that starts anew raises it once for what lies there."""

    def __init__(self, client: SQSClient, settings: Settings) -> None:
        self._client = client
        self._queue_url = settings.dlq_url
        self._threshold = settings.dlq_alert_threshold
        self._webhook_url = settings.slack_webhook_url
        self._known = 0

    def look(self) -> int:
        """Count the dead letters, those included that somebody looks at just now. Raises what boto3 raises.

        An alarm that Slack does not take is raised again at the next look.
        """
        figures = self._client.get_queue_attributes(
            QueueUrl=self._queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        depth = sum(int(count) for count in figures.values())
        if depth <= self._known or depth < self._threshold:
            self._known = min(depth, self._known)
            return depth
        text = f"{depth} dead letter{'' if depth == 1 else 's'} in {self._queue_url.rsplit('/', 1)[-1]}"
        log.error(text, extra={"event": "dead_letters", "depth": depth, "before": self._known})
        try:
            if self._webhook_url:
                say(self._webhook_url, f"{text}: {depth - self._known} more than before. Look at Dead letters.")
        except NotSaid as error:
            log.warning("Slack did not take the alarm", extra={"reason": str(error)})
        else:
            self._known = depth
        return depth
