"""Ways in which a practice directory's page sends its form, other than as a form of its own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.local.practice.switches import Mode

SEND: Final = "/send"
"""Where those forms go that a script sends."""

_START: Final = """<script>
const form = document.querySelector('form.listing');
const values = () => Object.fromEntries(new FormData(form));
const done = good => { form.outerHTML = good ? '<p role="status">Thank you, your listing was received.</p>'
  : '<p class="notice" role="alert">Sorry, this listing was not accepted.</p>'; };
const onSend = send => form.addEventListener('submit', event => { event.preventDefault(); send(); });
"""
_SCRIPTS: Final[Mapping[Mode, str]] = {
    "by_get": "form.method = 'get'; form.action = '/send';",
    "new_window": "form.target = '_blank';",
    "by_fetch": """onSend(() => fetch('/send', {method: 'POST', headers: {'Content-Type': 'application/json'},
  body: JSON.stringify(values())}).then(answer => done(answer.ok), () => done(false)));""",
    "by_request": """onSend(() => { const request = new XMLHttpRequest(); request.open('POST', '/send');
  request.onload = () => done(request.status < 400); request.send(new FormData(form)); });""",
    "by_beacon": "onSend(() => done(navigator.sendBeacon('/send', new URLSearchParams(new FormData(form)))));",
    "by_picture": """onSend(() => { const picture = new Image();
  picture.onload = picture.onerror = () => done(true);
  picture.src = '/send?' + new URLSearchParams(new FormData(form)); });""",
    "by_socket": """onSend(() => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/send');
  socket.onmessage = event => done('listing' in JSON.parse(event.data));
  socket.onopen = () => socket.send(JSON.stringify(values())); });""",
    "by_leaving": """onSend(() => {
  addEventListener('pagehide', () => navigator.sendBeacon('/send', new URLSearchParams(new FormData(form))));
  location = '/received'; });""",
}
WAYS: Final = frozenset(_SCRIPTS)


def script(mode: Mode) -> str:
    """The script of a form that is sent in the way that `mode` names; "" for any other mode."""
    return f"{_START}{_SCRIPTS[mode]}\n</script>" if mode in _SCRIPTS else ""


def json_form(raw: str | bytes) -> dict[str, str]:
    """The fields of a form that was sent as a JSON object; raises ValueError for anything else."""
    found: Any = msgspec.json.decode(raw)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return {str(name): value for name, value in found.items() if isinstance(value, str)}
