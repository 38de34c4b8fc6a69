"""The practice directories over HTTP."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from aiohttp import web

from services.local.practice import pages, ways
from services.local.practice.control import Control
from services.local.practice.mailbox import Mailbox
from services.local.practice.reception import Reception, Reply, Visit, html
from services.local.practice.request_log import Entry, RequestLog
from services.local.practice.sessions import COOKIE
from services.local.practice.sites import PASSWORD_ID, Site, load_sites
from services.local.practice.switches import Switch, Switches

_CONTROL_HOSTS: Final = ("127.0.0.1", "localhost")
_ALL_PATHS: Final = "/{path:.*}"
_LARGEST_BODY: Final = 1024 * 1024
_LONGEST_VALUE: Final = 4000
_SIGN_OF_LIFE_SECONDS: Final = 5.0


def build_app(log_file: Path) -> web.Application:
    """All practice directories plus their control site. Log lines go to `log_file`, all else beside it."""
    practice = Practice(log_file)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", _ALL_PATHS, practice.handle)

    async def end_streams(_: web.Application) -> None:
        await practice.end_streams()

    async def close(_: web.Application) -> None:
        practice.close()

    app.on_shutdown.append(end_streams)
    app.on_cleanup.append(close)
    return app


class Practice:
    """Answers requests for every host; told apart by the Host header."""

    def __init__(self, log_file: Path) -> None:
        self._sites = load_sites()
        self._log = RequestLog(log_file)
        usual = {site.host: Switch(mode=site.mode, seed=site.seed) for site in self._sites.values()}
        self._switches = Switches(log_file.with_name("switches.json"), usual)
        mailbox = Mailbox()
        self._reception = Reception(self._log, mailbox, log_file.parent)
        self._control = Control(self._sites, self._log, self._switches, mailbox)
        self._ending = asyncio.Event()
        self._open_sockets: set[web.WebSocketResponse] = set()

    async def end_streams(self) -> None:
        """Let answers that never end come to their end."""
        self._ending.set()
        for socket in list(self._open_sockets):
            await socket.close()

    def close(self) -> None:
        """Close the request log."""
        self._log.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request: control site on the bare loopback host, a directory on its own host, else 404."""
        host = request.host.rsplit(":", 1)[0].lower()
        if host in _CONTROL_HOSTS:
            return await self._control.handle(request)
        site = self._sites.get(host)
        if site is None:
            return web.Response(status=404, text="No such site.\n")
        return await self._visit(request, site)

    async def _visit(self, request: web.Request, site: Site) -> web.StreamResponse:
        arrived = time.time()
        try:
            form, files = await _posted(request)
        except (ValueError, LookupError):
            # No browser sends such a form.
            return web.Response(status=400, text="This form can't be read.\n")
        switch = self._switches.get(site.host)
        broken = self._switches.breaks(site.host)
        if switch.mode == "slow":
            await asyncio.sleep(switch.seconds)
        if broken:
            text = "Internal server error. Please come back later."
            reply = Reply(html(pages.notice_page(site, "Server error", text), 500))
        elif request.path == "/live" and switch.mode == "restless":
            self._note(arrived, request, site, {}, Reply(web.Response()))
            return await self._live(request)
        elif request.path == ways.SEND and switch.mode == "by_socket":
            return await self._socket(request, site, switch)
        else:
            reply = await self._reception.answer(_visit(request, site, switch, form, files))
        dropped = switch.mode == "drop" and reply.listing is not None
        shown = {**form, **{name: f"{len(data):,} bytes" for name, data in files.items()}}
        self._note(arrived, request, site, shown, reply, dropped=dropped)
        # Browsers send a form again by themselves when a kept connection breaks; a fresh one they don't.
        reply.response.force_close()
        if dropped and request.transport is not None:
            request.transport.abort()
        return reply.response

    def _note(
        self,
        arrived: float,
        request: web.Request,
        site: Site,
        form: dict[str, str],
        reply: Reply,
        *,
        dropped: bool = False,
    ) -> None:
        if PASSWORD_ID in form:
            form = {**form, PASSWORD_ID: "•••"}
        self._log.add(
            Entry(
                time=arrived,
                host=site.host,
                method=request.method,
                path=request.path_qs,
                form=form,
                answer=None if dropped else reply.response.status,
                listing=reply.listing,
                listed=reply.listed,
            )
        )

    async def _socket(self, request: web.Request, site: Site, switch: Switch) -> web.StreamResponse:
        """A form over a WebSocket: each message is one."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._open_sockets.add(socket)
        async for message in socket:
            try:
                form = ways.json_form(message.data)
            except (ValueError, TypeError):
                continue
            reply = await self._reception.answer(_visit(request, site, switch, form, {}))
            self._note(time.time(), request, site, form, reply)
            await socket.send_json({} if reply.listing is None else {"listing": reply.listing})
        self._open_sockets.discard(socket)
        return socket

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """An answer without an end: a page that waits for it never comes to rest."""
        stream = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-store"})
        await stream.prepare(request)
        while not self._ending.is_set():
            try:
                await stream.write(b"still here\n")
                async with asyncio.timeout(_SIGN_OF_LIFE_SECONDS):
                    await self._ending.wait()
            except TimeoutError:
                continue
            except ConnectionError:
                break
        return stream


def _visit(request: web.Request, site: Site, switch: Switch, form: dict[str, str], files: dict[str, bytes]) -> Visit:
    return Visit(
        site=site,
        mode=switch.mode,
        method=request.method,
        path=request.path,
        query=request.query,
        form=form,
        files=files,
        token=request.cookies.get(COOKIE, ""),
    )


async def _posted(request: web.Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields and the files of a form; the first value where a name comes twice."""
    form: dict[str, str] = {}
    files: dict[str, bytes] = {}
    if request.path == ways.SEND and request.method == "GET":
        form = {name: value[:_LONGEST_VALUE] for name, value in request.query.items()}
    elif request.path == ways.SEND and request.content_type == "application/json":
        form = ways.json_form(await request.read())
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files.setdefault(name, value.file.read())
            elif isinstance(value, str):
                form.setdefault(name, value[:_LONGEST_VALUE])
    return form, files
