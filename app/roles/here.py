"""What the roles in a terminal share: the settings of this place, a sign-in that stays, words on errors."""

from __future__ import annotations

import contextlib
import sys

from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError
from services.local.install import load_install
from services.program import home
from services.settings import Settings, read_settings


def settings_here() -> Settings:
    """Those of the environment, else those of the local stack of this data folder. Raises SettingsError."""
    settings = read_settings(dotenv=home() / ".env")
    stack = settings.data_path / "local"
    if settings.supabase_url or not (stack / "stack.json").exists():
        return settings
    return read_settings(load_install(stack).console_environment(settings.data_path))


async def keep_fresh(session: SupabaseSession) -> None:
    """Keep the sign-in alive until it has ended; the link then says so."""
    with contextlib.suppress(ConsoleError):
        await session.keep_fresh()


def print_error(sentence: str) -> None:
    """One sentence on standard error."""
    sys.stderr.write(f"{sentence}\n")
