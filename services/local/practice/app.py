"""The practice directories over HTTP."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from services.local.practice import pages
from services.local.practice.request_log import Entry, RequestLog
from services.local.practice.sites import Site, load_sites
from services.local.practice.switches import Switch, Switches

_CONTROL_HOSTS: Final = ("127.0.0.1", "localhost")
_ALL_PATHS: Final = "/{path:.*}"


class SwitchOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /_switch."""

    host: str
    mode: str
    seconds: float = 2.0


def build_app(log_file: Path) -> web.Application:
    """All practice directories plus their control API. Log lines go to `log_file`, switches beside it."""
    practice = Practice(log_file)
    app = web.Application(client_max_size=256 * 1024)
    app.router.add_route("*", _ALL_PATHS, practice.handle)

    async def close(_: web.Application) -> None:
        practice.close()

    app.on_cleanup.append(close)
    return app


class Practice:
    """Answers requests for every host; told apart by the Host header."""

    def __init__(self, log_file: Path) -> None:
        self._sites = load_sites()
        self._log = RequestLog(log_file)
        self._switches = Switches(log_file.with_name("switches.json"))

    def close(self) -> None:
        """Close the request log."""
        self._log.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request: control API on the bare loopback host, a directory on its own host, else 404."""
        host = request.host.rsplit(":", 1)[0].lower()
        if host in _CONTROL_HOSTS:
            return await self._control(request)
        site = self._sites.get(host)
        if site is None:
            return web.Response(status=404, text="No such site.\n")
        return await self._visit(request, site)

    async def _visit(self, request: web.Request, site: Site) -> web.StreamResponse:
        arrived = time.time()
        form: dict[str, str] = {}
        if request.method == "POST":
            form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        switch = self._switches.get(site.host)
        if switch.mode == "slow":
            await asyncio.sleep(switch.seconds)
        taken: int | None = None
        dropped = False
        if switch.mode == "error500":
            response = _html(
                pages.notice_page(site, "Server error", "Internal server error. Please come back later."), 500
            )
        elif request.path == "/add" and request.method == "POST":
            response, taken = self._receive(site, form, switch)
            dropped = switch.mode == "drop"
        elif request.method in ("GET", "HEAD"):
            response = self._show(request, site, switch)
        else:
            response = _html(pages.notice_page(site, "Not possible", "This page can only be read."), 405)
        self._log.add(
            Entry(
                time=arrived,
                host=site.host,
                method=request.method,
                path=request.path_qs,
                form=form,
                answer=None if dropped else response.status,
                listing=taken,
            )
        )
        # Browsers send a form again by themselves when a kept connection breaks; a fresh one they don't.
        response.force_close()
        if dropped and request.transport is not None:
            request.transport.abort()
        return response

    def _receive(self, site: Site, form: Mapping[str, str], switch: Switch) -> tuple[web.Response, int | None]:
        """The answer to a sent form, and the listing's number when it was taken in."""
        if switch.mode == "fail":
            return _html(pages.form_page(site, form, {}, refused=True)), None
        errors = _errors(site, form)
        if errors:
            return _html(pages.form_page(site, form, errors), 422), None
        number = self._log.take_number()
        return web.Response(status=303, headers={"Location": f"/thanks?id={number}"}), number

    def _show(self, request: web.Request, site: Site, switch: Switch) -> web.Response:
        path = request.path
        if path == "/":
            return _html(pages.home_page(site, self._log.latest(site.host)))
        if path == "/add":
            return _html(pages.form_page(site, {}, {}, changed=switch.mode == "changed"))
        number = request.query.get("id", "") if path == "/thanks" else path.removeprefix("/listing/")
        listing = self._log.listing(site.host, int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else None
        if listing is None:
            return _html(pages.notice_page(site, "Page not found", "There is nothing at this address."), 404)
        return _html((pages.thanks_page if path == "/thanks" else pages.listing_page)(site, listing))

    async def _control(self, request: web.Request) -> web.Response:
        match request.method, request.path:
            case "GET", "/_sites":
                return web.json_response([self._state(site) for site in self._sites.values()])
            case "GET", "/_log":
                try:
                    since = float(request.query.get("since", "0"))
                except ValueError:
                    return web.json_response({"error": "since must be unix seconds"}, status=400)
                host = request.query.get("host", "")
                entries = await asyncio.to_thread(lambda: list(self._log.entries(host=host, since=since)))
                return web.json_response(msgspec.to_builtins(entries))
            case "POST", "/_switch":
                return await self._switch(request)
            case _:
                return web.json_response({"error": "GET /_sites, GET /_log, POST /_switch"}, status=404)

    async def _switch(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            # A page in a browser can't send this type to another origin without being asked first.
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            order = msgspec.json.decode(await request.read(), type=SwitchOrder)
            switch = msgspec.convert({"mode": order.mode, "seconds": order.seconds}, Switch)
        except msgspec.DecodeError as error:
            return web.json_response({"error": str(error)}, status=400)
        site = self._sites.get(order.host)
        if site is None:
            return web.json_response({"error": f"no such host: {order.host}"}, status=404)
        self._switches.set(site.host, switch)
        return web.json_response(self._state(site))

    def _state(self, site: Site) -> dict[str, object]:
        switch = self._switches.get(site.host)
        return {
            "host": site.host,
            "brand": site.brand,
            "kind": site.kind,
            "category": site.category,
            "mode": switch.mode,
            "seconds": switch.seconds,
        }


def _errors(site: Site, form: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a form, by field key."""
    names = {field.key: field.name for field in site.fields()}
    errors: dict[str, str] = {}
    if not form.get(names["business_name"], "").strip():
        errors["business_name"] = "Please enter the name of your business."
    if site.kind == "strict" and not re.fullmatch(r"[0-9]{10}", form.get(names["phone"], "")):
        errors["phone"] = pages.PHONE_ERROR
    return errors


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
