"""Pages and plans that mean harm, by kind; a seed chooses how each of them goes about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from services.domain.plans import Step
from tests.soak import hostile_servers as servers
from tests.soak.hostile_page import FORM, PRESS, USUAL, Page


def page_of(kind: str, seed: int) -> Page:
    """The page of a kind."""
    return KINDS[kind](random.Random(f"{kind}:{seed}"))


def _client_round(chance: random.Random) -> Page:
    turn = chance.choice(
        [
            "<meta http-equiv=refresh content=0>",
            "<script>location.reload()</script>",
            "<script>setInterval(() => { location.href = '/?' + Math.random(); }, 20)</script>",
            "<script>history.pushState(0, 0, '/' + Math.random()); setTimeout(() => location.reload(), 1)</script>",
        ]
    )
    return Page(FORM + turn)


def _windows(chance: random.Random) -> Page:
    how = chance.choice(
        [
            "setInterval(() => open('/?' + Math.random()), 10)",
            "for (;;) open('about:blank')",
            "document.onclick = document.oninput = () => { for (let i = 0; i < 50; i++) open('/'); }",
            "onblur = () => open('/'); setInterval(() => open('/', '_blank', 'noopener'), 5)",
        ]
    )
    return Page(f"{FORM}<script>{how}</script>")


def _dialogs(chance: random.Random) -> Page:
    how = chance.choice(
        [
            "for (;;) alert('again')",
            "setInterval(() => confirm('again'), 1)",
            "while (!prompt('name')) ;",
            "onbeforeunload = () => 'stay'; setInterval(() => location.reload(), 100)",
            "print(); setInterval(print, 10)",
            "alert('x'.repeat(1e7))",
        ]
    )
    return Page(f"{FORM}<script>{how}</script>")


def _busy(chance: random.Random) -> Page:
    loop = chance.choice(
        [
            "for (;;) ;",
            "const f = () => f() || f(); for (;;) try { f(); } catch {}",
            "/(a+)+$/.test('a'.repeat(99) + 'b')",
        ]
    )
    when = chance.choice(
        ["{}", "setTimeout(() => {{ {} }}, 100)", "document.oninput = () => {{ {} }}", "go.onclick = () => {{ {} }}"]
    )
    return Page(f"{FORM}<script>{when.format(loop)}</script>")


def _liar(chance: random.Random) -> Page:
    lie = chance.choice(
        [
            "document.querySelectorAll = () => 7; document.querySelector = () => ({})",
            "Object.defineProperty(document, 'body', {get: () => null})",
            "JSON.stringify = () => { for (;;) ; }",
            "getComputedStyle = () => { throw 'no'; }",
            "Array.prototype.map = () => 'x'",
            "Element.prototype.getClientRects = () => ({length: 'many'})",
            "Promise = undefined; Map = undefined",
            "document.documentElement.remove()",
            "document.write('<plaintext>')",
            "Object.defineProperty(HTMLElement.prototype, 'innerText', {get: () => 'success '.repeat(1e6)})",
            "document.title = 'Thank you'; history.replaceState(0, 0, '/thank-you')",
            "location.hash = 'x'.repeat(1e6)",
        ]
    )
    return Page(f"{FORM}<script>{lie}</script>")


def _shy(chance: random.Random) -> Page:
    form = chance.choice(
        [
            FORM.replace("id=b", "id=b disabled"),
            FORM.replace("id=b", "id=b style='display:none'"),
            FORM.replace("id=b", "id=b readonly"),
            FORM.replace("<button", "<button disabled"),
            FORM + "<div style='position:fixed;inset:0;z-index:9'>over</div>",
            FORM + "<script>a.oninput = () => document.forms[0].remove()</script>",
            FORM.replace("id=a", "id=a maxlength=1 pattern=x required"),
            "<template>" + FORM + "</template>",
            "<iframe srcdoc='" + FORM + "'></iframe>",
            FORM + "<script>go.onmouseenter = () => go.remove()</script>",
            FORM + "<style>form { animation: x .1s infinite alternate } "
            "@keyframes x { to { transform: translate(400px, 300px) } }</style>",
        ]
    )
    return Page(form)


def _many(chance: random.Random) -> Page:
    many = chance.choice(
        [
            FORM * 50,
            FORM + "<input id=a>" * 50,
            FORM + "<div>" * 20_000,
            FORM + "<p>x" * 100_000,
            FORM + "<iframe src=/></iframe>" * 20,
            FORM + "<script>setInterval(() => console.log('x'.repeat(1e5)), 1)</script>",
            "<input id=a value='" + "x" * 3_000_000 + "'>" + FORM,
            FORM + "<script>setInterval(() => fetch('/' + Math.random()), 1)</script>",
            FORM + "<a href=/x>listing</a>" * 20_000,
            FORM + "<script>for (let i = 0; i < 200; i++) new WebSocket('ws://' + location.host + '/' + i)</script>",
        ]
    )
    return Page(many)


def _odd_plan(chance: random.Random) -> Page:
    odd = chance.choice(
        [
            Step("teleport"),
            Step(""),
            Step("fill"),
            Step("fill", selector="#a"),
            Step("fill", selector="", value="x"),
            Step("fill", selector="#none", value="x"),
            Step("click", selector=">>>"),
            Step("fill", selector="xpath=//[", value="x"),
            Step("select", selector="#a", value="x"),
            Step("check", selector="#a"),
            Step("upload", selector="#a", value="/etc/passwd"),
            Step("goto", url=None),
            Step("goto", url="http://"),
            Step("goto", url="file:///etc/passwd"),
            Step("goto", url="javascript:alert(1)"),
            Step("goto", url="http://user:pw@shop.localhost/"),
            Step("goto", url="view-source:http://x/"),
            Step("wait", until="never"),
            Step("wait", until="#none", seconds=0.2),
            Step("wait", seconds=-5),
            Step("wait", seconds=1e9),
            Step("verify", selector="#none", value="x"),
            Step("captcha", selector="###"),
            Step("fill", selector="#a", value="\x00\ud7ff" * 9),
            Step("fill", selector="internal:control=enter-frame", value="x"),
            Step("fill", selector="*", value="x"),
            Step("check", selector="input"),
            Step("fill", selector="#a", value="x" * 2_000_000),
        ]
    )
    return Page(steps=(*USUAL, odd, PRESS))


def _no_press(chance: random.Random) -> Page:
    return Page(steps=chance.choice([(), USUAL, (Step("wait", seconds=0.0),)]), words="never presses a button")


def _crash(chance: random.Random) -> Page:
    return Page(
        FORM + "<img src=/die><script>setTimeout(() => { new Image().src = '/die'; }, 200)</script>", kills="renderer"
    )


def _crash_browser(chance: random.Random) -> Page:
    return Page(FORM + "<img src=/die>", kills="browser", steps=(*USUAL, Step("wait", seconds=3), PRESS))


def _asks(chance: random.Random) -> Page:
    ask = chance.choice(
        [
            "navigator.geolocation.getCurrentPosition(() => {})",
            "Notification.requestPermission()",
            "document.documentElement.requestFullscreen()",
            "navigator.mediaDevices && navigator.mediaDevices.getUserMedia({video: true})",
            "document.createElement('input').type = 'file'",
            "navigator.serviceWorker && navigator.serviceWorker.register('/sw.js')",
            "location = 'mailto:x@y.example'",
            "location = 'tel:1'",
            "navigator.registerProtocolHandler('web+x', '/?%s')",
            "open('ms-settings:x')",
            "navigator.clipboard.readText()",
        ]
    )
    return Page(f"{FORM}<script>try {{ {ask} }} catch {{}}</script>")


KINDS: Final[Mapping[str, Callable[[random.Random], Page]]] = {
    "redirect": servers.redirect,
    "round": servers.round,
    "client round": _client_round,
    "never": servers.never,
    "hangs up": servers.hangs_up,
    "much": servers.much,
    "bomb": servers.bomb,
    "file": servers.file,
    "windows": _windows,
    "dialogs": _dialogs,
    "busy": _busy,
    "liar": _liar,
    "shy": _shy,
    "many": _many,
    "odd answer": servers.odd_answer,
    "odd plan": _odd_plan,
    "no press": _no_press,
    "crash": _crash,
    "asks": _asks,
    "crash browser": _crash_browser,
}
