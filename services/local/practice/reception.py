"""Takes a visitor through the pages of a practice directory, up to a listing."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from services.local.practice import captcha, pages, ways
from services.local.practice.accounts import Accounts
from services.local.practice.mailbox import Mail, Mailbox
from services.local.practice.pages import Draft
from services.local.practice.request_log import RequestLog
from services.local.practice.sessions import COOKIE, Session, Sessions
from services.local.practice.sites import CAPTCHA_ID, CODE_ID, PASSWORD_ID, Field, Site
from services.local.practice.switches import Mode

PHONE_ERROR: Final = "Please enter digits only, 10 characters."
_MOST_WRONG_CODES: Final = 5
_SHORTEST_PASSWORD: Final = 8
_LARGEST_PICTURE: Final = 512 * 1024
_PICTURE_KINDS: Final = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
)


class Visit(msgspec.Struct, frozen=True):
    """One request to a directory. `form` and `files` by the page's own field names."""

    site: Site
    mode: Mode
    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    files: Mapping[str, bytes]
    token: str


class Reply(msgspec.Struct):
    """The answer; with the number and the words of the listing where one was taken in."""

    response: web.Response
    listing: int | None = None
    listed: dict[str, str] = {}


class Reception:
    """Answers visits; pictures that were sent go to `folder`."""

    def __init__(self, log: RequestLog, mailbox: Mailbox, folder: Path) -> None:
        self._log = log
        self._mailbox = mailbox
        self._pictures = folder / "pictures"
        self._accounts = Accounts(folder / "accounts.json")
        self._sessions = Sessions()
        self._chance = random.SystemRandom()

    async def answer(self, visit: Visit) -> Reply:
        """What the directory says to a request."""
        path, posted = visit.path, visit.method == "POST"
        session = self._sessions.find(visit.token, visit.site.host)
        if re.fullmatch(r"/add(/[1-9])?", path):
            if visit.site.kind == "login" and (session is None or not session.account):
                return Reply(_moved("/sign-in"))
            pages_of_form = visit.site.pages(visit.mode)
            page = int(path[5:]) - 1 if len(path) > 4 else len(pages_of_form) - 1 if posted else 0
            if page < len(pages_of_form):
                return self._take(visit, session, page) if posted else self._form(visit, session, page)
        elif path == ways.SEND and visit.mode in ways.WAYS:
            return self._take(visit, session, len(visit.site.pages()) - 1)
        elif path == "/received" and visit.mode == "by_leaving":
            return _notice(visit.site, "Thank you", "Your listing was received.", 200)
        elif path in ("/sign-in", "/sign-up") and visit.site.kind == "login":
            return await self._sign(visit) if posted else Reply(html(pages.sign_page(visit.site, new=path[6:] == "up")))
        elif posted and path == "/draft" and visit.mode == "autosave":
            return Reply(web.Response(status=204))
        elif not posted:
            return self._show(visit, session)
        if visit.method in ("GET", "HEAD"):
            return _notice(visit.site, "Page not found", "There is nothing at this address.", 404)
        return _notice(visit.site, "Not possible", "This page can only be read.", 405)

    def _form(self, visit: Visit, session: Session | None, page: int) -> Reply:
        if page > (session.done if session else 0):
            return Reply(_moved("/add"))
        draft = Draft(page=page, values=session.values if session else {}, mode=visit.mode)
        return self._shown(visit, session, draft)

    def _shown(self, visit: Visit, session: Session | None, draft: Draft, status: int = 200) -> Reply:
        """A page of the form, with a visit that remembers what it asked."""
        site = visit.site
        if len(site.pages()) > 1 or pages.asks_captcha(site, visit.mode):
            session = session or self._sessions.start(site.host)
            session.captcha = captcha.new_text(self._chance) if pages.asks_captcha(site, visit.mode) else ""
        response = html(pages.form_page(site, draft), status)
        return Reply(_with_visit(response, session))

    def _take(self, visit: Visit, session: Session | None, page: int) -> Reply:
        """A page of the form that was sent."""
        site, mode = visit.site, visit.mode
        form_pages = site.pages(mode)
        last = page == len(form_pages) - 1
        if page > (session.done if session else 0):
            return _notice(site, "Your visit has ended", "Please start again; nothing was added.", 409)
        sent = {field.key: visit.form.get(field.name, "") for field in form_pages[page] if field.control != "file"}
        values = {**(session.values if session else {}), **sent}
        if last and mode == "fail":
            return self._shown(visit, session, Draft(page, values, {}, pages.REFUSED, mode))
        errors = {field.key: text for field in form_pages[page] if (text := _error(site, field, visit))}
        if last:
            errors |= self._proof_errors(visit, session)
        if errors:
            return self._shown(visit, session, Draft(page, values, errors, "", mode), 422)
        if not last:
            session = session or self._sessions.start(site.host)
            session.values, session.done = values, page + 1
            if site.kind == "code":
                self._send_code(site, session)
            return Reply(_with_visit(_moved(f"/add/{page + 2}"), session))
        if mode == "not_received":
            return Reply(html(pages.not_received_page(site)))
        return self._listed(visit, session, values)

    def _listed(self, visit: Visit, session: Session | None, values: dict[str, str]) -> Reply:
        number = self._log.take_number()
        for field in visit.site.fields(visit.mode):
            if field.control == "file":
                self._pictures.mkdir(parents=True, exist_ok=True)
                (self._pictures / str(number)).write_bytes(visit.files[field.name])
                values[field.key] = f"{len(visit.files[field.name]):,} bytes"
        if session is not None:
            if session.account:
                session.values, session.done = {}, 0
            else:
                self._sessions.end(session)
        return Reply(_moved(f"/thanks?id={number}"), number, {key: text for key, text in values.items() if text})

    def _proof_errors(self, visit: Visit, session: Session | None) -> dict[str, str]:
        """What is wrong with the letters or the code that the last page asks for."""
        if pages.asks_captcha(visit.site, visit.mode):
            wanted = session.captcha if session else ""
            given = visit.form.get(CAPTCHA_ID, "").replace(" ", "").upper()
            if not wanted or not secrets.compare_digest(given.encode(), wanted.encode()):
                return {CAPTCHA_ID: "These are not the letters in the picture. Please try the new ones."}
        if visit.site.kind == "code" and session is not None:
            given = visit.form.get(CODE_ID, "").strip()
            if session.wrong >= _MOST_WRONG_CODES:
                return {CODE_ID: "Too many wrong codes. Please start again."}
            if not secrets.compare_digest(given.encode(), session.code.encode()):
                session.wrong += 1
                return {CODE_ID: "This is not the code that we sent you."}
        return {}

    def _send_code(self, site: Site, session: Session) -> None:
        session.code, session.wrong = f"{secrets.randbelow(10**6):06}", 0
        self._mailbox.deliver(
            Mail(
                time=time.time(),
                host=site.host,
                to=session.values.get("email", ""),
                subject=f"Your code for {site.brand}",
                text=f"Your code is {session.code}. Enter it to add your business to {site.brand}.",
            )
        )

    async def _sign(self, visit: Visit) -> Reply:
        new = visit.path == "/sign-up"
        email, password = visit.form.get("email", "").strip(), visit.form.get(PASSWORD_ID, "")
        notice, host = "", visit.site.host
        if not new:
            if not await asyncio.to_thread(self._accounts.matches, host, email, password):
                notice = "This e-mail address and password do not match."
        elif not _is_address(email) or len(password) < _SHORTEST_PASSWORD:
            notice = f"Please enter an e-mail address, and a password of {_SHORTEST_PASSWORD} characters or more."
        elif not await asyncio.to_thread(self._accounts.create, host, email, password):
            notice = "This e-mail address has an account already."
        if notice:
            return Reply(html(pages.sign_page(visit.site, new=new, email=email, notice=notice), 422))
        session = self._sessions.start(host)
        session.account = email
        return Reply(_with_visit(_moved("/add"), session))

    def _show(self, visit: Visit, session: Session | None) -> Reply:
        site, path = visit.site, visit.path
        if path == "/":
            return Reply(html(pages.home_page(site, self._log.latest(site.host))))
        if path == "/captcha.png" and session is not None and session.captcha:
            drawn = captcha.draw(session.captcha, random.Random(session.captcha + session.token))  # noqa: S311
            return Reply(web.Response(body=drawn, content_type="image/png", headers={"Cache-Control": "no-store"}))
        if path == "/offer" and site.kind == "popups":
            return _notice(site, "Be seen by everyone", "Go to the top of every list for $9 a month.", 200)
        parts = re.fullmatch(r"/(?:thanks|listing/([0-9]{1,9})(/picture)?)", path)
        number = (parts[1] or visit.query.get("id", "")) if parts else ""
        listing = self._log.listing(site.host, int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else None
        if parts is None or listing is None:
            return _notice(site, "Page not found", "There is nothing at this address.", 404)
        if parts[2]:
            return self._picture(site, listing.number)
        return Reply(html((pages.listing_page if parts[1] else pages.thanks_page)(site, listing)))

    def _picture(self, site: Site, number: int) -> Reply:
        file = self._pictures / str(number)
        data = file.read_bytes() if file.is_file() else b""
        kind = picture_kind(data)
        if kind is None:
            return _notice(site, "Page not found", "There is no picture.", 404)
        return Reply(web.Response(body=data, content_type=kind, headers={"X-Content-Type-Options": "nosniff"}))


def html(text: str, status: int = 200) -> web.Response:
    """A page that no browser keeps: what a directory shows changes from visit to visit."""
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


def picture_kind(data: bytes) -> str | None:
    """The type of a picture by its first bytes; None for anything else."""
    return next((kind for start, kind in _PICTURE_KINDS if re.match(start, data, re.DOTALL)), None)


def _error(site: Site, field: Field, visit: Visit) -> str:
    """What is wrong with one field as it was sent; "" when nothing is."""
    text = visit.form.get(field.name, "").strip()
    if field.control == "file":
        data = visit.files.get(field.name, b"")
        if not data:
            return "Please add a logo or a photo."
        if len(data) > _LARGEST_PICTURE:
            return f"The picture is larger than {_LARGEST_PICTURE // 1024} kB."
        return "" if picture_kind(data) else "This is not a PNG, JPEG, GIF or WebP picture."
    if field.key == "business_name" and not text:
        return "Please enter the name of your business."
    if field.key == "phone" and site.kind == "strict" and not re.fullmatch(r"[0-9]{10}", text):
        return PHONE_ERROR
    if field.key == "email" and site.kind == "code" and not _is_address(text):
        return "Please enter an e-mail address, we send a code to it."
    if field.required and not text:
        return "Please tick this box." if field.control == "checkbox" else f"{field.label} is required."
    return ""


def _is_address(text: str) -> bool:
    return re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,190}", text) is not None


def _with_visit(response: web.Response, session: Session | None) -> web.Response:
    if session is not None:
        response.set_cookie(COOKIE, session.token, httponly=True, samesite="Lax", path="/")
    return response


def _moved(place: str) -> web.Response:
    return web.Response(status=303, headers={"Location": place})


def _notice(site: Site, title: str, text: str, status: int) -> Reply:
    return Reply(html(pages.notice_page(site, title, text), status))
