"""A console that has its premises to itself, and leaves them with its end."""

from __future__ import annotations

from app.console import Console, Screen
from app.environments import Environments
from app.premises import Premises
from services.settings import Settings


class Alone(Console):
    """As if its program had been started for it only."""

    def __init__(self, settings: Settings, screen: Screen) -> None:
        self._own = Premises()
        super().__init__(
            settings, screen, self._own, Environments(settings.data_path / "console" / "environments.json")
        )

    async def close(self, *, sign_out: bool = False) -> bool:
        """Close the console, then leave the premises."""
        told = await super().close(sign_out=sign_out)
        await self._own.close()
        return told
