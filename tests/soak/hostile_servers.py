"""Servers that mean harm: each answers in its own way, which a seed chooses."""

from __future__ import annotations

import asyncio
import gzip
import random

from services.domain.plans import Step
from tests.soak.hostile_page import FORM, PRESS, USUAL, Answer, Page, plain


def says(data: bytes) -> Answer:
    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def redirect(chance: random.Random) -> Page:
    to = chance.choice(
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1:9/_log",
            "http://localhost:22/",
            "http://[::1]:9/",
            "http://0x7f000001:9/",
            "http://other.localhost:1/",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "data:text/html,<form id=go>",
            "http://metadata.google.internal/",
            "ftp://x.localhost/",
            "javascript:alert(1)",
            "chrome://crash/",
            "about:blank",
            "http://[::ffff:169.254.169.254]/",
        ]
    )
    status = chance.choice(["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
    return Page(answer=says(plain("", f"Location: {to}", status=status)))


def round(chance: random.Random) -> Page:
    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = "/" if chance.random() < 0.5 else f"/{chance.random()}"
        writer.write(plain("", f"Location: {place}", status="302 Found"))

    return Page(answer=answer, words="ERR_TOO_MANY_REDIRECTS")


def never(chance: random.Random) -> Page:
    start = chance.choice(
        [b"", b"HTTP/1.1 200 OK\r\n", plain("<p>wait"), plain(FORM + "<p>and"), plain("", "X: y")[:-4]]
    )
    drip = chance.choice([b"", b" ", b"<p>more</p>"])

    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            await asyncio.sleep(0.05)
            writer.write(drip)
            await writer.drain()

    return Page(answer=answer)


def hangs_up(chance: random.Random) -> Page:
    start = chance.choice(
        [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<form>", b"\x00\xff", b"no"]
    )
    reset = chance.random() < 0.5

    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        if reset:
            writer.transport.abort()

    return Page(answer=answer)


def much(chance: random.Random) -> Page:
    how = chance.choice(["page", "fetch", "picture", "file"])
    page = {
        "page": "",
        "file": "",
        "fetch": FORM + "<script>fetch('/much').then(a => a.blob())</script>",
        "picture": FORM + "<img src=/much>",
    }[how]

    async def answer(path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if page and path == "/":
            writer.write(plain(page))
            return
        kind = {"page": "text/html", "picture": "image/png"}.get(how, "application/octet-stream")
        writer.write(plain("<!--", kind=kind))
        for _ in range(1600):
            writer.write(b"x" * 65536)
            await writer.drain()

    words = "more than" if how in ("page", "fetch") else ""
    return Page(answer=answer, words=words, steps=(*USUAL, Step("wait", seconds=3), PRESS) if page else (*USUAL, PRESS))


def bomb(chance: random.Random) -> Page:
    data = gzip.compress(b"<p>" + b"x" * chance.choice([10, 60]) * 1024 * 1024)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return Page(answer=says(head.encode() + data))


def file(chance: random.Random) -> Page:
    kind = chance.choice(["application/octet-stream", "application/pdf", "text/html", "application/x-msdownload"])
    if chance.random() < 0.5:
        return Page(answer=says(plain("MZ", 'Content-Disposition: attachment; filename="../../x.exe"', kind=kind)))
    click = "<a id=go href='data:application/octet-stream,x' download=../x>Send</a><input id=a><input id=b>"
    return Page(click + "<script>setInterval(() => { go.click(); }, 50)</script>")


def odd_answer(chance: random.Random) -> Page:
    return Page(
        answer=says(
            chance.choice(
                [
                    plain(
                        FORM,
                        status=f"{chance.choice([204, 205, 304, 400, 403, 404, 410, 418, 429, 500, 503, 511, 599])} No",
                    ),
                    plain("", 'WWW-Authenticate: Basic realm="x"', status="401 No"),
                    plain("", status="407 Proxy"),
                    plain(FORM, "X: " + "y" * 300_000),
                    plain(FORM, *[f"Set-Cookie: c{i}={'z' * 4000}" for i in range(60)]),
                    plain(FORM, kind="image/png"),
                    plain("{}", kind="application/json"),
                    plain("<a/>", kind="text/xml"),
                    plain(FORM, "Content-Length: -5"),
                    plain(FORM, "Transfer-Encoding: chunked"),
                    plain(FORM, "Refresh: 0"),
                    plain(FORM, "x-console-gate-fault: success"),
                    b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
                    b"HTTP/9.9 999\r\n\r\n",
                    plain(FORM, "Content-Security-Policy: sandbox"),
                    plain(FORM, "Content-Encoding: br"),
                    b"SSH-2.0-OpenSSH\r\n",
                ]
            )
        )
    )
