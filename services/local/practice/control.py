"""The control site of the practice directories: its pages for people, its JSON for programs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from services.local.practice import control_pages
from services.local.practice.mailbox import Mailbox
from services.local.practice.request_log import RequestLog
from services.local.practice.sites import Site
from services.local.practice.switches import Switch, Switches

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The browser then says where a form comes from.
    "Referrer-Policy": "same-origin",
}
_PATHS: Final = "GET /, GET /directory/HOST, GET /mail, GET /_sites, GET /_log, GET /_mail, POST /_switch"


class SwitchOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /_switch."""

    host: str
    mode: str
    seconds: float = Switch().seconds
    share: float = Switch().share
    seed: int = Switch().seed


class Control:
    """Answers on the bare loopback host only. What changes something is taken from its own pages and from programs."""

    def __init__(self, sites: Mapping[str, Site], log: RequestLog, switches: Switches, mailbox: Mailbox) -> None:
        self._sites = sites
        self._log = log
        self._switches = switches
        self._mailbox = mailbox

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request whose Host header was checked."""
        path = request.path
        if request.method == "POST":
            if not _is_own(request):
                return web.json_response({"error": "only from the control site itself"}, status=403)
            if path == "/_switch":
                return await self._switch(request)
            if path == "/switch":
                return await self._switch_form(request)
        elif request.method in ("GET", "HEAD"):
            if path in ("/_sites", "/_log", "/_mail"):
                return await self._json(request)
            page = self._page(request)
            if page is not None:
                return web.Response(text=page, content_type="text/html", charset="utf-8", headers=_HEADERS)
        return web.json_response({"error": _PATHS}, status=404)

    def _page(self, request: web.Request) -> str | None:
        port = request.url.port or 80
        if request.path == "/":
            states = [control_pages.State(site, self._switches.get(site.host)) for site in self._sites.values()]
            last = {site.host: self._log.recent(site.host)[:1] for site in self._sites.values()}
            return control_pages.overview_page(
                states, last, self._log.counts(), port=port, changed=request.query.get("changed", "")
            )
        if request.path == "/mail":
            return control_pages.mail_page(self._mailbox.newest())
        site = self._sites.get(request.path.removeprefix("/directory/"))
        if site is None:
            return None
        return control_pages.directory_page(
            control_pages.State(site, self._switches.get(site.host)),
            self._log.recent(site.host),
            self._log.latest(site.host, 50),
            port=port,
        )

    async def _json(self, request: web.Request) -> web.Response:
        found: Any
        if request.path == "/_sites":
            found = [self._state(site) for site in self._sites.values()]
        elif request.path == "/_mail":
            found = msgspec.to_builtins(self._mailbox.newest())
        else:
            try:
                since = float(request.query.get("since", "0"))
            except ValueError:
                return web.json_response({"error": "since must be unix seconds"}, status=400)
            host = request.query.get("host", "")
            found = msgspec.to_builtins(
                await asyncio.to_thread(lambda: list(self._log.entries(host=host, since=since)))
            )
        return web.json_response(found)

    async def _switch(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            # A page in a browser can't send this type to another origin without being asked first.
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            order = msgspec.json.decode(await request.read(), type=SwitchOrder)
            switch = msgspec.convert(
                {name: getattr(order, name) for name in ("mode", "seconds", "share", "seed")}, Switch
            )
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        site = self._sites.get(order.host)
        if site is None:
            return web.json_response({"error": f"no such host: {order.host}"}, status=404)
        self._switches.set(site.host, switch)
        return web.json_response(self._state(site))

    async def _switch_form(self, request: web.Request) -> web.Response:
        """A person pressed "Set" on a page of this site."""
        if "origin" not in request.headers or request.content_type != "application/x-www-form-urlencoded":
            return web.json_response({"error": "only from the control site itself"}, status=403)
        form = await request.post()
        site = self._sites.get(str(form.get("host", "")))
        if site is None:
            return web.json_response({"error": "no such host"}, status=404)
        usual = self._switches.get(site.host)
        given = {name: form[name] for name in ("mode", "seconds") if form.get(name)}
        try:
            # What the form doesn't ask for stays as it is.
            switch = msgspec.convert({"share": usual.share, "seed": usual.seed, **given}, Switch, strict=False)
        except msgspec.ValidationError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._switches.set(site.host, switch)
        back = f"/directory/{site.host}" if form.get("back") == "directory" else f"/?changed={site.host}#{site.host}"
        return web.Response(status=303, headers={"Location": back})

    def _state(self, site: Site) -> dict[str, object]:
        return {
            "host": site.host,
            "brand": site.brand,
            "kind": site.kind,
            "category": site.category,
            **msgspec.to_builtins(self._switches.get(site.host)),
        }


def _is_own(request: web.Request) -> bool:
    """Whether a request comes from this site's own pages, or from a program, which has no origin."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.host}":
        return False
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
