"""HTML of the control site. Every word from outside is escaped here."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any, Final, NamedTuple

from resources import ROOT
from services.local.practice.mailbox import Mail
from services.local.practice.pages import template
from services.local.practice.request_log import Entry, Listing
from services.local.practice.sites import KIND_WORDS, Site
from services.local.practice.switches import MODE_WORDS, MODES, Switch

_ORDINARY: Final = frozenset({"plain", "select", "strict"})
_HEAD: Final = (
    '<table class="all"><thead><tr><th>Directory</th><th>Form</th><th>Behaves</th><th class="when">Last request</th>'
    '<th class="number">Listings</th></tr></thead><tbody>'
)


class State(NamedTuple):
    """A directory and how it behaves now."""

    site: Site
    switch: Switch


def overview_page(
    states: Sequence[State],
    last: Mapping[str, Sequence[Entry]],
    listings: Mapping[str, int],
    *,
    port: int,
    changed: str = "",
) -> str:
    """Every directory with its switch. `last`: newest request first, by host; `changed`: the host just switched."""
    special = [state for state in states if state.site.kind not in _ORDINARY or state.site.mode != "ok"]
    rest = [state for state in states if state not in special]
    misbehaving = sum(state.switch.mode != "ok" for state in states)

    def table(rows: Sequence[State]) -> str:
        made = (
            _row(state, last.get(state.site.host, ()), listings.get(state.site.host, 0), port, changed)
            for state in rows
        )
        return f"{_HEAD}{''.join(made)}</tbody></table>"

    return _page(
        "Practice directories",
        "/",
        f"<h1>{len(states)} directories, {misbehaving} misbehave</h1>"
        "<p>Real web forms on this machine, to practise on. Nothing that is sent to them leaves it. "
        "A switch holds until it is set again, over a restart too.</p>"
        f"<h2>Out of the ordinary</h2>{table(special)}<h2>Ordinary forms</h2>{table(rest)}",
    )


def directory_page(state: State, recent: Sequence[Entry], listings: Sequence[Listing], *, port: int) -> str:
    """One directory: its switch, its last requests, its listings; newest first."""
    site = state.site
    address = _address(site, port)
    requests = "".join(
        f"<tr><td>{_when(entry.time)}</td><td>{_request(entry)}</td><td>{_pairs(entry.form)}</td></tr>"
        for entry in recent
    )
    labels = {field.key: field.label for field in site.fields("required")}
    listed = "".join(
        f'<tr><td><a href="{address}listing/{one.number}">{one.number}</a></td>'
        f"<td>{_pairs({labels.get(key, key): text for key, text in one.values.items()})}</td></tr>"
        for one in listings
    )
    body = (
        f'<h1>{escape(site.brand)}</h1><a class="host" href="{address}">{address}</a>'
        f'<dl class="about {_mark(state)}"><dt>Form</dt><dd>{KIND_WORDS[site.kind]}</dd>'
        f"<dt>Behaves</dt><dd>{_switch_form(state, seconds=True)}</dd></dl>"
        "<h2>Last requests</h2>"
        + _table(("Time", "Request", "Sent"), requests, "Nobody has been here yet.")
        + "<h2>Listings</h2>"
        + _table(("Number", "What it says"), listed, "No business has been added yet.")
    )
    return _page(f"{site.brand} · Practice directories", "", body)


def mail_page(mails: Sequence[Mail]) -> str:
    """What the directories sent by e-mail, newest first."""
    rows = "".join(
        f'<article class="mail"><span class="quiet">{_when(mail.time)} · from {escape(mail.host)} to '
        f"{escape(mail.to)}</span><br><b>{escape(mail.subject)}</b><p>{escape(mail.text)}</p></article>"
        for mail in mails
    )
    return _page(
        "E-mail · Practice directories",
        "/mail",
        "<h1>E-mail</h1><p>What practice directories have sent, to any address. It ends here, and is gone after a "
        f"restart.</p>{rows or '<div class=empty>No e-mail has been sent.</div>'}",
    )


def _row(state: State, last: Sequence[Entry], listings: int, port: int, changed: str) -> str:
    site = state.site
    classes = f"{_mark(state)} {'changed' if site.host == changed else ''}".strip()
    shown = (
        f"{_request(last[0])}<span class=host>{_when(last[0].time)}</span>" if last else "<span class=quiet>—</span>"
    )
    return (
        f'<tr id="{site.host}" class="{classes}">'
        f'<td><a href="/directory/{site.host}">{escape(site.brand)}</a>'
        f'<a class="host" href="{_address(site, port)}">{site.host}</a></td>'
        f"<td>{KIND_WORDS[site.kind]}</td><td>{_switch_form(state)}</td>"
        f'<td class="when">{shown}</td><td class="number">{listings or "—"}</td></tr>'
    )


def _switch_form(state: State, *, seconds: bool = False) -> str:
    site, switch = state.site, state.switch
    options = "".join(
        f'<option value="{mode}"{" selected" if mode == switch.mode else ""}>{MODE_WORDS[mode]}</option>'
        for mode in MODES
    )
    more = ""
    if seconds:
        more = (
            '<input type="hidden" name="back" value="directory"><label>Seconds to wait'
            f'<input type="number" name="seconds" min="0" max="300" step="any" value="{switch.seconds:g}"></label>'
        )
    return (
        f'<form method="post" action="/switch"><input type="hidden" name="host" value="{site.host}">'
        f'<select name="mode" aria-label="How {escape(site.brand)} behaves">{options}</select>{more}'
        "<button>Set</button></form>"
    )


def _request(entry: Entry) -> str:
    answer = "no answer" if entry.answer is None else str(entry.answer)
    bad = entry.answer is None or entry.answer >= 400
    path = escape(entry.path if len(entry.path) <= 60 else entry.path[:59] + "…")
    return (
        f'<span class="code">{escape(entry.method)} {path}</span> '
        f'<span class="{"bad" if bad else "quiet"}">{answer}</span>'
    )


def _pairs(values: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text[:500])}</dd>" for name, text in values.items() if text)
    return f'<dl class="pairs">{rows}</dl>' if rows else '<span class="quiet">—</span>'


def _table(heads: Sequence[str], rows: str, empty: str) -> str:
    if not rows:
        return f'<div class="empty">{empty}</div>'
    titles = "".join(f"<th>{head}</th>" for head in heads)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>"


def _mark(state: State) -> str:
    return "misbehaves" if state.switch.mode != "ok" else ""


def _address(site: Site, port: int) -> str:
    return f"http://{site.host}:{port}/"


def _when(moment: float) -> str:
    return time.strftime("%d %b %H:%M:%S", time.localtime(moment))


def _page(title: str, here: str, body: str) -> str:
    nav = "".join(
        f'<a href="{path}"{" aria-current=page" if path == here else ""}>{words}</a>'
        for path, words in (("/", "Directories"), ("/mail", "E-mail"))
    )
    return template("control.html").substitute(
        title=escape(title),
        light=_colours()["light"],
        dark=_colours()["dark"],
        style=template("control.css").template,
        nav=nav,
        body=body,
    )


@cache
def _colours() -> dict[str, str]:
    """The console's colours as CSS variables, by theme."""
    tokens = json.loads((ROOT / "look" / "tokens.json").read_text(encoding="utf-8"))
    return {theme: "".join(_variables(tokens[theme])) for theme in ("light", "dark")}


def _variables(tree: Mapping[str, Any], prefix: str = "-") -> list[str]:
    found: list[str] = []
    for name, value in tree.items():
        if isinstance(value, dict):
            found += _variables(value, f"{prefix}-{name}")
        elif isinstance(value, str):
            found.append(f"{prefix}-{name}:{value};")
    return found
