"""What a browser run reports while it runs: one JSON object a line, told apart by `kind`.

    started  {run_id, dry, browser, sandbox, window, steps: [{action, words, detail}]}
                                                 window: a person sees the browser
    step     {index, status: running|done|failed|blocked, ms?, picture?, error?, value?}
                                                 value: a mask, once the page showed that the field is a secret one
    picture  {index, path}                       newest picture of the page, a JPEG below the run's artifacts folder
    frame    {data, width, height}               while somebody watches: the page as it is, a JPEG in base64, and its
                                                 size in the page's own pixels
    blocked  {method, url, bytes, body}          dry run: a request that would have been sent, secrets masked; of the
                                                 body the first 16 k characters, of its files size and checksum;
                                                 method WEBSOCKET is a message, CONNECT a host that was asked for
    console  {at, level, text, where}            a line of the page's console, secrets masked; at: ms since the start
    network  {at, method, url, type, ms?, status?, error?}
                                                 a request of a page that ended, secrets masked; those without an
                                                 answer at the end of the run come after the verdict
    passed   {method, url, bytes, body}          dry run: one that was sent, as the plan marks its step
    trace    {path, bytes}                       a trace of the run lies there; comes after the verdict
    held     {index, why: paused|failed|captcha|login|email_code, seconds, error?, solver?}
                                                 it waits for a person, before step `index`, for so long; `solver`: the
                                                 captcha may be solved for money
    asking   {index, seconds}                    2Captcha is asked to solve the captcha, for at most so long
    asked    {index, ms, id?, cost?, error?}     it has; `cost` in US dollars; `error`: why the page asks for it still
    clearing {index, seconds}                    the page no longer asks for it: it goes on by itself after so long, and
                                                 after 0 it doesn't, the page asking again or a person doing something
    released {index, ms}                         it goes on after so long
    edited   {index, action, words, detail, value, matches}  a step as it is now; `matches`: places of the page that its
                                                 selector finds, null for none to find
    picked   {selector, name}                    what finds only what a person pointed at
    refused  {why}                               what a person wanted is not done
    verdict  {status: submitted|failed|unknown|dry, reasons: [..], listing_url?, error?, before_submit,
              person?: captcha|login|email_code, log}
                                                 log is what job_results.response_log gets of it
    beat     {}                                  every 2 s
    ended    {status: done|failed|stopped|crashed, ms, error?}   always the last line
Indexes count from 0 and are those of the plan's steps. Times are in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Report = Callable[[dict[str, Any]], None]
"""Takes one event; must not raise."""


def encode(event: dict[str, Any]) -> str:
    """The event as one line, newline included."""
    return json.dumps(event, ensure_ascii=False, default=str) + "\n"


def decode(line: str) -> dict[str, Any] | None:
    """The event in a line; None when the line isn't one (a browser's own chatter, say)."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("kind"), str) else None
