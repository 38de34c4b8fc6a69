"""A page that tries every way out of a dry run at once, in the clear and over TLS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.domain.plans import Plan, Step
from services.ports.wishes import RunRequest
from services.submission import browser as browsers

pytestmark = pytest.mark.browser

HOST = "shop.localhost"
PAGE = """<form id=f method=post action=/post><input name=shop id=shop><input name=pin value=4711></form>
<b id=b hidden>Ready</b><button id=go onclick="go()">Send</button><script>
const socket = path => new WebSocket(location.origin.replace('http', 'ws') + path);
const w = new Worker('/worker.js'), early = socket('/early');
new SharedWorker('/shared.js').port.postMessage(1);
early.onopen = () => { early.send('hello'); b.hidden = false; };
shop.oninput = () => {
  early.send('typed ' + shop.value);
  fetch('/draft', {method: 'POST', body: shop.value}).catch(() => {});
  fetch('/suggest?q=' + encodeURIComponent(shop.value)).catch(() => {});
};
addEventListener('pagehide', () => {
  navigator.sendBeacon('/bye', 'bye');
  fetch('/bye-kept', {method: 'POST', body: 'bye', keepalive: true});
});
addEventListener('unload', () => navigator.sendBeacon('/unload', 'bye'));
document.addEventListener('visibilitychange', () => navigator.sendBeacon('/hidden', 'bye'));
function add(tag, values) { document.body.append(Object.assign(document.createElement(tag), values)); }
function go() {
  fetch('/last-draft', {method: 'POST', body: shop.value}).catch(() => {});
  w.postMessage(1);
  navigator.sendBeacon('/beacon', 'b');
  navigator.sendBeacon('/beacon-blob', new Blob(['blob'], {type: 'application/json'}));
  fetch('/fetch', {method: 'POST', body: JSON.stringify({password: 'hunter2', a: 1})}).catch(() => {});
  fetch('/kept', {method: 'PUT', body: 'k', keepalive: true}).catch(() => {});
  const x = new XMLHttpRequest(); x.open('POST', '/request'); x.send('x=1');
  socket('/socket');
  early.send('over the old one');
  new Image().src = '/image?x=1';
  add('iframe', {src: '/frame'});
  add('link', {rel: 'prefetch', href: '/prefetch'});
  add('link', {rel: 'preconnect', href: 'https://other.localhost:UDP'});
  add('style', {textContent: 'body { background: url(/css) }'});
  const server = {urls: ['stun:127.0.0.1:UDP', 'turn:127.0.0.1:UDP?transport=udp'], username: 'a', credential: 'b'};
  const peer = new RTCPeerConnection({iceServers: [server]});
  peer.createDataChannel('d'); peer.createOffer().then(offer => peer.setLocalDescription(offer));
  if (self.WebTransport) new WebTransport('https://127.0.0.1:UDP/').ready.catch(() => {});
  window.open('/popup');
  add('form', {id: 'blank', action: '/blank', target: '_blank'}); blank.submit();
  f.submit();
}</script>"""
WORKER = """onmessage = () => { fetch('/from-worker', {method: 'POST', body: 'x'}).catch(() => {});
new WebSocket(location.origin.replace('http', 'ws') + '/socket-of-worker'); }"""
SHARED = "fetch('/from-shared', {method: 'POST', body: 'x'});"
BEFORE = {"/", "/early", "/worker.js", "MESSAGE hello"}


def certificate(folder: Path) -> ssl.SSLContext:
    """A server that shows a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    signed = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = signed.serial_number(1).not_valid_before(now - datetime.timedelta(1))
    made = signed.not_valid_after(now + datetime.timedelta(1)).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "site.pem").write_bytes(made.public_bytes(pem) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "site.pem")
    return context


@contextmanager
def udp_port() -> Iterator[socket]:
    with socket(AF_INET, SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 0))
        port.setblocking(False)
        yield port


async def escape(folder: Path, seen: list[str], held: list[dict[str, Any]], port: socket, tls: bool) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            answer = web.WebSocketResponse()
            await answer.prepare(request)
            async for message in answer:
                seen.append(f"MESSAGE {message.data}")
            return answer
        texts = {"/worker.js": WORKER, "/shared.js": SHARED, "/": PAGE.replace("UDP", str(port.getsockname()[1]))}
        kind = "text/javascript" if request.path.endswith(".js") else "text/html"
        return web.Response(text=texts.get(request.path, ""), content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate(folder) if tls else None).start()
        url = f"{'https' if tls else 'http'}://{HOST}:{runner.addresses[0][1]}/"
        wait, fill, press = Step("wait", until="#b"), Step("fill", selector="#shop", value="Blue Door"), "#go"
        plan = Plan([Step("goto", url=url), wait, fill, Step("click", selector=press)])
        request = RunRequest("run", "job", HOST, url, plan, dry=True, artifacts=str(folder), total_seconds=60.0)
        async with browsers.Browser(practice_url=url) as browser:
            outcome = await browser.run(request, held.append)
        # The browser is gone: whatever it sent is here, or never comes.
        return msgspec.structs.replace(outcome, response_log={})
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_nothing_gets_around_a_dry_run(tls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    events: list[dict[str, Any]] = []
    monkeypatch.setattr(browsers, "FLAGS", (*browsers.FLAGS, "--ignore-certificate-errors"))
    with udp_port() as port:
        outcome = asyncio.run(escape(tmp_path, seen, events, port, tls))
        with pytest.raises(BlockingIOError):
            port.recv(100)
    assert outcome.status == "dry", outcome
    assert sorted(set(seen) - {"/favicon.ico"}) == sorted(BEFORE)
    told = [event for event in events if event["kind"] == "blocked"]
    held = {(event["method"], event["url"].split("/", 3)[-1], event["body"]) for event in told}
    for method, path, body in (
        ("WEBSOCKET", "early", "typed Blue Door"), ("POST", "draft", "Blue Door"),
        ("POST", "last-draft", "Blue Door"), ("GET", "suggest?q=Blue%20Door", ""),
        ("POST", "from-worker", "x"), ("POST", "beacon", "b"), ("POST", "beacon-blob", "blob"),
        ("POST", "fetch", '{"password":"•••","a":1}'), ("PUT", "kept", "k"), ("POST", "request", "x=1"),
        ("WEBSOCKET", "socket", ""), ("WEBSOCKET", "early", "over the old one"),
        ("GET", "image?x=1", ""), ("GET", "frame", ""), ("GET", "css", ""), ("GET", "popup", ""), ("GET", "blank?", ""),
        ("POST", "post", "shop=Blue+Door&pin=•••"),
    ):  # fmt: skip
        assert (method, path, body) in held
    # Over TLS only the host of what goes while the page is left is known.
    assert ("POST", "bye", "bye") in held or (tls and any(event["method"] == "CONNECT" for event in told))
    assert [event for event in events if event["kind"] == "passed"] == []
    # A draft carries the form too, and may come first.
    assert outcome.reasons[0].startswith(f"Held back: POST http{'s' if tls else ''}://{HOST}:")
    assert "/post (" in outcome.reasons[0]
