"""A form that is sent twice is done once: by a double click, by a reload, or again since its answer was lost."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

from flask import request
from msgspec.json import decode
from werkzeug.exceptions import Conflict

from storage import Storage, Unit
from storage.flask import current_storage
from webapp import problems
from webapp.auth import form_tokens
from webapp.auth.access import caller
from webapp.errors import Refused
from webapp.repeats import digest, done_once
from webapp.responses import encode

#: A hidden field, new for each form that is shown; of a form without it, the token stands in.
FIELD = "form_key"
#: Seconds that a form waits for the answer to its first click, and between two looks.
PATIENCE = 5.0
PAUSE = 0.05

STILL_AT_WORK = (
    "This form was sent before, and that is at work, or was cut short and may have been done: look before you send "
    "another one."
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a form has led to: the address to go on to, and what the page there says."""

    location: str
    message: str


def new_key() -> str:
    """Return what tells one shown form from every other."""
    return secrets.token_urlsafe(16)


def outcome_of_form(work: Callable[[Storage | Unit], Outcome]) -> Outcome:
    """Do what the form of the request asks for, unless it was done before; return what it has led to.

    Sent with other fields, as after the browser's Back, it is another request.
    """
    key = request.form.get(FIELD) or request.form.get(form_tokens.FIELD)
    if not key:
        return work(current_storage)
    fields = json.dumps(sorted(request.form.items(multi=True)))
    asked = digest(request.path.encode(), fields.encode())
    answer = answer_in_time(
        digest(caller().encode(), key.encode(), asked.encode()), asked, lambda place: encode(work(place)).decode()
    )
    return decode(answer, type=Outcome)


def answer_in_time(key: str, asked: str, work: Callable[[Storage | Unit], str]) -> str:
    """Return the answer; where the first click is still at work, wait for it, as a transaction would."""
    limit = monotonic() + PATIENCE
    while True:
        try:
            return done_once(key, asked, work)
        except Refused as error:
            if error.problem is not problems.UNFINISHED:
                raise
            if monotonic() >= limit:
                raise Conflict(STILL_AT_WORK) from None
            sleep(PAUSE)
