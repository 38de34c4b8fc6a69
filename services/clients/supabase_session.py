"""A staff member's own sign-in to the project, kept fresh."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Final, Self

import httpx
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from supabase_auth.errors import AuthApiError
from supabase_auth.types import Session

from services.clients.session_keyring import SessionKeyring
from services.clients.supabase_sign_in import KEY, PASSWORD, blame, check_address
from services.clients.supabase_sign_out import end_session
from services.domain.environments import is_loopback, is_secret_key
from services.domain.errors import ConsoleError, NotPermitted, NotReachable, SignedOut
from services.domain.redaction import keep_out, keep_token_out, redact
from services.to_the_end import to_the_end

_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_LOOK_EVERY: Final = 15.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_LAST_SECONDS: Final = 2.0
"""For so long the end waits for what is on its way."""


def refuse_secret_key(url: str, key: str) -> None:
    """Raise NotPermitted for a key that passes by all policies, unless the project is on this machine."""
    if is_secret_key(key) and not is_loopback(url):
        raise NotPermitted(
            "This key opens everything and must never be on a desktop.",
            hint="Use the publishable key; what you may do follows from your own sign-in.",
            settings={KEY: "It is a secret key (service_role), not the publishable one."},
        )


class SupabaseSession:
    """Who is signed in, and the client that asks as them. Close it with `close`."""

    def __init__(
        self,
        url: str,
        client: AsyncClient,
        wire: httpx.AsyncClient,
        email: str,
        password: str,
        keyring: SessionKeyring | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.client = client
        self.wire = wire
        self._email = email
        self._password = password
        self._keyring = keyring
        self._keeps = True
        self._refused: ConsoleError | None = None
        self._again_at = 0.0
        self._pause = _FIRST_PAUSE
        self._session: Session | None = None
        self._received = 0.0
        self._received_wall = 0.0
        self._listeners: list[Callable[[str], None]] = []
        self._renewing: asyncio.Task[None] | None = None
        self._replacing: asyncio.Task[bool] | None = None
        self._ended = asyncio.Event()
        self._why_over = ""

    @classmethod
    async def sign_in(
        cls, url: str, key: str, email: str, password: str, *, keyring: SessionKeyring | None = None
    ) -> Self:
        """Sign in. Raises NotPermitted, NotReachable or Refused; its `settings` name what may be set wrong.

        With `keyring`, an empty password uses the sign-in that was kept there, and each new one is kept.
        """
        session = await cls.later(url, key, email, password, keyring=keyring)
        try:
            await session._refresh()
        except BaseException:
            try:
                if session._keyring is None:
                    await session.sign_out()  # what it still got is nobody's
            finally:
                await session.close()
            raise
        return session

    @classmethod
    async def later(
        cls, url: str, key: str, email: str, password: str, *, keyring: SessionKeyring | None = None
    ) -> Self:
        """A session that signs in when it is first asked for a token. Raises NotPermitted or Refused."""
        check_address(url)
        refuse_secret_key(url, key)
        # In a thread: it reads every certificate that this machine trusts, which takes longer than a frame.
        wire = await asyncio.to_thread(httpx.AsyncClient, timeout=_TIMEOUT, follow_redirects=False)
        try:
            # Refreshing is `keep_fresh`'s: the library's own timer gives up silently after ten failures.
            options = AsyncClientOptions(auto_refresh_token=False, httpx_client=wire, postgrest_client_retry=False)
            try:
                client = await acreate_client(url, key, options)
            except Exception as error:
                raise blame(error, url) from error
        except BaseException:
            await wire.aclose()
            raise
        return cls(url, client, wire, email, password, keyring)

    @property
    def signed_in(self) -> bool:
        """False until the project has answered a session that signs in later."""
        return self._session is not None

    @property
    def email(self) -> str:
        """The address that is signed in."""
        return (self._session.user.email or "") if self._session else self._email

    @property
    def role(self) -> str | None:
        """viewer, operator or admin; None for somebody who isn't staff. Only the server's word counts when acting."""
        role: Any = self._session.user.app_metadata.get("role") if self._session else None
        return role if role in ("viewer", "operator", "admin") else None

    @property
    def kept_where(self) -> str:
        """Where the sign-in is kept for the next start, as a sentence."""
        if self._keyring is None:
            return "It is not kept: nobody needs a password here."
        if self._keyring.why:
            return f"The sign-in is kept in memory only. {self._keyring.why} The next start asks for the password."
        return "In the keyring of this computer, without the password."

    @property
    def key(self) -> str:
        """The publishable key."""
        return self.client.supabase_key

    def on_token(self, listener: Callable[[str], None]) -> None:
        """Call `listener(token)` whenever the access token is a new one."""
        self._listeners.append(listener)

    async def token(self) -> str:
        """An access token that is valid for a while yet; refreshed first when it is past its half life."""
        if self._spent() >= 0.5:
            await self._refresh()
        return self.access_token

    async def renew(self, refused: str) -> str:
        """An access token other than this one, which was refused, whatever our clock says of it.

        Raises SignedOut, NotReachable.
        """
        if self.access_token == refused or self._ended.is_set():
            await self._refresh()
        return self.access_token

    @property
    def access_token(self) -> str:
        """The newest access token, however old."""
        return self._session.access_token if self._session else ""

    async def keep_fresh(self) -> None:
        """Run as a task while signed in. Ends by raising SignedOut when the server ends the session."""
        pause = 1.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _LOOK_EVERY)
                raise self._over()
            if self._spent() < 0.5:
                continue
            try:
                await self._refresh()
                pause = 1.0
            except NotReachable:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 60.0)

    async def confirm(self, password: str) -> None:
        """Raise ConsoleError unless this is the password of who is signed in; the session stays as it is."""
        keep_out(password)
        other = await type(self).sign_in(self.url, self.key, self.email, password)
        try:
            await other.sign_out()
        finally:
            await other.close()

    async def keep_for_later(self, keep: bool) -> None:
        """Whether the keyring has the sign-in for the next start: it hasn't while the window is locked, or to end the
        program and start it again would open it."""
        self._keeps = keep
        if self._keyring is not None and not keep:
            await self._keyring.hide()
        elif self._keyring is not None and self._session is not None:
            await self._keyring.bring_back(self._session.refresh_token)

    async def sign_out(self) -> bool:
        """End the session at the project, and forget it here whatever the project says.

        False when the project could not be told: there it lives on until its refresh token is used no more.
        Who is cancelled meanwhile has it told all the same, where that takes no longer than a moment.
        """
        return await to_the_end(self._signed_out(), within=_LAST_SECONDS)

    async def close(self) -> None:
        """Close the connections; what is kept of the sign-in, is kept in the keyring only.

        A renewal that is on its way is waited for: it has spent the token that the keyring holds.
        """
        await to_the_end(self._closed())

    async def _signed_out(self) -> bool:
        self._keeps = False
        self._ended.set()
        if self._keyring is not None:
            await self._keyring.forget()
        await self._arrived()
        session, self._session = self._session, None
        return session is not None and await self._end(session.refresh_token, session.access_token)

    async def _closed(self) -> None:
        await self._arrived()
        session, keyring = self._session, self._keyring
        if session is not None and keyring is not None and (keyring.why or not self._keeps):
            # The next start can't go on with it: it would be left behind at the project.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end(session.refresh_token, session.access_token), _LAST_SECONDS)
        await self.wire.aclose()

    async def _end(self, refresh_token: str, access_token: str = "") -> bool:
        return await end_session(self.wire, self.url, self.key, refresh_token, access_token)

    async def _arrived(self) -> None:
        """Let what is on its way come to its end, for a while."""
        await _settled(self._renewing)
        await _settled(self._replacing)

    def _spent(self) -> float:
        """Which part of the token's life is over. A machine that slept is seen by the wall clock."""
        if self._session is None:
            return 1.0
        age = max(time.monotonic() - self._received, time.time() - self._received_wall)
        return age / max(1, self._session.expires_in)

    async def _refresh(self) -> None:
        """Renew once for all who ask meanwhile. Who gives up waiting doesn't end it: the old refresh token is spent."""
        if self._ended.is_set():
            raise self._over()
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew(), name="renew the sign-in")
            self._renewing.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(self._renewing)

    async def _enter(self) -> None:
        """Sign in; while that failed just now its error is raised again without asking."""
        if self._refused is not None and time.monotonic() < self._again_at:
            raise self._refused
        # Of a sign-in by password, the entry is that of an earlier session, which nobody will have use for.
        older = await self._keyring.read() if self._keyring and self._password else ""
        keep_token_out(older)
        try:
            session = await (self._from_keyring() if self._keyring and not self._password else self._with_password())
        except ConsoleError as error:
            self._refused = error
            self._again_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            raise
        self._refused = None
        self._password = ""
        await self._take(session)
        if older:
            ending = self._end(older)
            self._replacing = asyncio.get_running_loop().create_task(ending, name="end the earlier sign-in")

    async def _with_password(self) -> Session:
        try:
            answer = await self.client.auth.sign_in_with_password({"email": self._email, "password": self._password})
            if answer.session is None:
                raise ValueError("the answer has no session")
        except Exception as error:
            raise blame(error, self.url) from error
        return answer.session

    async def _from_keyring(self) -> Session:
        """The session of an earlier start. Raises NotPermitted where only a password helps."""
        keyring = self._keyring
        kept = await keyring.take_over() if keyring else ""
        if keyring is None or not kept:
            why = keyring.why if keyring else ""
            wrong = f"{why} Nothing is kept of an earlier sign-in.".strip()
            raise NotPermitted("A password is needed to sign in.", settings={PASSWORD: wrong})
        keep_token_out(kept)
        try:
            answer = await self.client.auth.refresh_session(kept)
            if answer.session is None:
                raise ValueError("the answer has no session")
        except AuthApiError as error:
            if error.status not in (400, 401, 403) or "api key" in str(error).lower():
                raise blame(error, self.url) from error
            await keyring.forget()
            raise SignedOut(
                "The earlier sign-in has ended.",
                raw=redact(f"{type(error).__name__}: {error}"),
                settings={PASSWORD: "It is needed again: the project has ended the earlier sign-in."},
            ) from error
        except Exception as error:
            raise blame(error, self.url) from error
        return answer.session

    async def _renew(self) -> None:
        if self._session is None:
            await self._enter()
        else:
            await self._again(self._session.refresh_token)
        for listener in self._listeners:
            listener(self.access_token)

    async def _again(self, refresh_token: str) -> None:
        try:
            answer = await self.client.auth.refresh_session(refresh_token)
            if answer.session is None:
                raise ValueError("the answer has no session")
        except Exception as error:
            raw = redact(f"{type(error).__name__}: {error}")
            if not isinstance(error, AuthApiError) or error.status not in (400, 401, 403):
                # Only the service itself can end a sign-in: not a proxy's page, and not a service in trouble.
                raise NotReachable("The sign-in service does not answer.", hint="Try again.", raw=raw) from error
            if self._keyring is not None and "api key" not in str(error).lower():
                await self._keyring.forget()
            self._why_over = raw
            self._ended.set()
            raise self._over() from error
        await self._take(answer.session)

    def _over(self) -> SignedOut:
        return SignedOut("The sign-in has ended.", hint="Sign in again.", raw=self._why_over)

    async def _take(self, session: Session | None) -> None:
        if session is None:
            raise NotPermitted("The sign-in service gave no session.", hint="Confirm the e-mail address first.")
        keep_token_out(session.refresh_token)
        self._session = session
        self._received = time.monotonic()
        self._received_wall = time.time()
        if self._keyring is not None and self._keeps:
            await self._keyring.keep(session.refresh_token)


async def _settled(task: asyncio.Task[Any] | None) -> None:
    if task is not None:
        await asyncio.wait({task}, timeout=_LAST_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
