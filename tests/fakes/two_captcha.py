"""2Captcha on this machine: the two pages of its HTTP API, over TLS, as its client calls them."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.ports.wishes import CaptchaTerms

KEY: Final = "0123456789abcdef0123456789abcdef"
NOT_READY: Final = "CAPCHA_NOT_READY"
GONE: Final = "gone"


class FakeTwoCaptcha:
    """`answer`: the code that each captcha gets; `refusals`: what `in.php` says instead of taking one, `says`:
    what `res.php` says before the answer; one word each time, GONE for a connection that breaks. `on_wrong` is called
    when an answer is reported as wrong."""

    def __init__(self, folder: Path) -> None:
        self.answer = "ACEFH"
        self.refusals: list[str] = []
        self.says: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.wrong: list[str] = []
        self.on_wrong: Callable[[], None] = lambda: None
        self.certificate = folder / "certificate.pem"
        self._key = folder / "key.pem"
        self._served: web.AppRunner | None = None
        self.terms = CaptchaTerms(KEY, "admin@example.com")

    async def start(self) -> None:
        """Listen; `terms` lead there."""
        _certify(self.certificate, self._key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self._key)
        app = web.Application()
        app.router.add_post("/in.php", self._in)
        app.router.add_get("/res.php", self._res)
        self._served = web.AppRunner(app, shutdown_timeout=0.5)
        await self._served.setup()
        await web.TCPSite(self._served, "127.0.0.1", 0, ssl_context=context).start()
        self.terms = CaptchaTerms(KEY, "admin@example.com", f"127.0.0.1:{self._served.addresses[0][1]}")

    async def stop(self) -> None:
        """Listen no more."""
        if self._served is not None:
            await self._served.cleanup()

    def picture(self, number: int) -> bytes:
        """The picture of a captcha that was asked about."""
        return base64.b64decode(self.asked[number]["body"])

    async def _in(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form.pop("key", "") != KEY:
            return web.Response(text="ERROR_KEY_DOES_NOT_EXIST")
        if self.refusals:
            return web.Response(text=self.refusals.pop(0))
        self.asked.append(form)
        return web.Response(text=f"OK|{70_000 + len(self.asked)}")

    async def _res(self, request: web.Request) -> web.Response:
        assert request.query["key"] == KEY
        action, number = request.query["action"], request.query["id"]
        if action == "reportbad":
            self.wrong.append(number)
            self.on_wrong()
            return web.Response(text="OK_REPORT_RECORDED")
        if action == "get" and self.says:
            said = self.says.pop(0)
            if said == GONE:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(text=said)
        return web.Response(text=f"OK|{self.answer}" + ("|0.00299" if action == "get2" else ""))


def _certify(certificate: Path, key_file: Path) -> None:
    """A certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*plain))
