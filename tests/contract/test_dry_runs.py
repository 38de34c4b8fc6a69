"""Forms that send themselves in every way a browser has: a dry run lets none out, and shows what would have gone."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from aiohttp import web

from services.domain.plans import Plan
from services.domain.signs import ENOUGH
from services.local.practice.app import build_app
from services.local.practice.sites import Kind, Site, load_sites
from services.local.practice.switches import Mode
from services.local.practice.ways import WAYS
from tests.contract.running_plans import SHOP, Ground, Seen

pytestmark = pytest.mark.browser

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_PART = re.compile(r'name="(\w+)".*?\r\n\r\n(.*?)\r\n--', re.DOTALL)


class Both(msgspec.Struct):
    """The same form in a dry run and in a real one, and what the directory got of it."""

    dry: Seen
    real: Seen
    sent: dict[str, Any]
    body: bytes
    """Empty where it was no plain POST."""

    def held(self) -> dict[str, Any]:
        [held] = [event for event in self.dry.of("blocked") if "2125550123" in event["body"] + event["url"]]
        return held


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("practice")


@pytest.fixture(scope="module")
def bodies() -> dict[str, bytes]:
    """The newest body that arrived, by host."""
    return {}


@pytest.fixture(scope="module")
def ground(folder: Path, bodies: dict[str, bytes]) -> Iterator[Ground]:
    app = build_app(folder / "log.jsonl")

    @web.middleware
    async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A body with files can be read only once.
        if request.method != "GET" and not request.content_type.startswith("multipart"):
            bodies[request.host.split(":")[0]] = await request.read()
        return await handler(request)

    app.middlewares.append(keep)
    with asyncio.Runner() as runner, Ground(folder, runner, app) as made:
        yield made


def short_plan(ground: Ground, site: Site) -> Plan:
    plan = ground.plan(site)
    typed = (SHOP.name, SHOP.phone)
    return Plan([step for step in plan.plan if step.action != "fill" or step.value in typed], idempotency_factors={})


@pytest.fixture(scope="module")
def both(ground: Ground, bodies: dict[str, bytes]) -> dict[Mode, Both]:
    """Every way once dry and once for real, side by side."""
    sites = [site for site in load_sites().values() if site.kind in ("plain", "strict")]
    runs = [(site, mode, short_plan(ground, site)) for site, mode in zip(sites, ("ok", *sorted(WAYS)), strict=False)]
    assert len(runs) == len(WAYS) + 1
    dry, real = (ground.run_all(runs, dry=dry) for dry in (True, False))
    found: dict[Mode, Both] = {}
    for (site, mode, _), held, done in zip(runs, dry, real, strict=True):
        [sent] = [request for request in done.requests if "listing" in request]
        found[mode] = Both(held, done, sent, bodies.get(site.host, b""))
    return found


def site_of(kind: Kind) -> Site:
    return next(site for site in load_sites().values() if site.kind == kind)


def got(seen: Seen) -> list[str]:
    """Where the directory got what was typed."""
    return [request["path"] for request in seen.requests if request["form"] or request["method"] != "GET"]


@pytest.mark.parametrize("mode", ["ok", *sorted(WAYS)])
def test_a_form_is_held_back_whatever_way_it_goes(both: dict[Mode, Both], mode: Mode) -> None:
    one = both[mode]
    assert (one.dry.outcome.status, one.dry.outcome.before_submit) == ("dry", True), one.dry
    assert (got(one.dry), one.dry.listings()) == ([], [])
    assert (one.real.outcome.status, len(one.real.listings())) == ("submitted", 1), one.real
    held = one.held()
    assert held["url"] in one.dry.outcome.reasons[0]
    assert urlsplit(held["url"]).path == urlsplit(one.sent["path"]).path
    assert held["method"] == ("WEBSOCKET" if mode == "by_socket" else one.sent["method"])


_PAGE = ["word", "thanks_address", "form_gone", "listing", "answered"]
_SCRIPT = ["word", "form_gone", "answered"]
EVIDENCE: dict[Mode, list[str]] = {
    "ok": _PAGE, "by_get": _PAGE, "new_window": _PAGE, "by_fetch": _SCRIPT, "by_request": _SCRIPT,
    "by_beacon": _SCRIPT, "by_picture": _SCRIPT, "by_socket": ["word", "form_gone"],
    "by_leaving": ["word", "thanks_address", "form_gone", "answered"],
}  # fmt: skip


@pytest.mark.parametrize("mode", ["ok", *sorted(WAYS)])
def test_the_verdict_rests_on_what_the_page_shows(both: dict[Mode, Both], mode: Mode) -> None:
    log = both[mode].real.outcome.response_log
    assert [sign["kind"] for sign in log["signs"]] == EVIDENCE[mode]
    assert log["score"] == sum(sign["weight"] for sign in log["signs"]) >= ENOUGH
    # Of what a socket brings, no answer to the form is known.
    assert ("doubt" in log) == (mode == "by_socket")


@pytest.mark.parametrize("mode", ["ok", *sorted(WAYS)])
def test_what_is_shown_is_what_would_have_gone(both: dict[Mode, Both], mode: Mode) -> None:
    one, held = both[mode], both[mode].held()
    if held["method"] == "GET":
        assert dict(parse_qsl(urlsplit(held["url"]).query, keep_blank_values=True)) == one.sent["form"]
    elif mode == "by_socket":
        assert json.loads(held["body"]) == one.sent["form"]
    elif mode == "by_request":
        assert dict(_PART.findall(held["body"])) == one.sent["form"]
    else:
        assert (held["body"].encode(), held["bytes"]) == (one.body, len(one.body))


def test_a_file_is_told_by_its_size_and_checksum(ground: Ground, folder: Path) -> None:
    dry, real = ground.run(site_of("upload"), dry=True), ground.run(site_of("upload"))
    assert (got(dry), len(real.listings())) == ([], 1)
    picture = (folder / "pictures" / str(next(r["listing"] for r in real.requests if "listing" in r))).read_bytes()
    shown = f"[{len(picture):,} bytes, sha256 {hashlib.sha256(picture).hexdigest()[:16]}]"
    assert shown in dict(_PART.findall(dry.of("blocked")[0]["body"])).values()
