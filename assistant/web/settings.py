"""FOOTNOTE_* variables of the server -> a frozen WebSettings; `assistant.settings` hands it the environment."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from assistant.errors import FootnoteError

T = TypeVar("T")

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]+\]"
_ORIGIN = re.compile(rf"(https?)://({_HOST})(?::([0-9]{{1,5}}))?")
_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")
_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class WebSettings:
    """Who may ask, how often, and what is kept.

    origins: other sites whose pages may call the API. access: `open`, or `token` where every call needs a
    token or a key. secret: signs tokens; empty is a random one a process. rate, rate_key, rate_origin: answers
    an address or token, a key, and a listed origin may have. rate_store: where they are counted. proxies:
    addresses and networks whose X-Forwarded-For is believed. user_header: name of the user, believed from
    those alone. hosts: names that this server is reached by; empty is any. workers: questions answered at once;
    queue: how many more may wait; timeout: seconds for waiting and answering. feedback: a database's URL, empty
    for none; feedback_text: whether words are stored with it. docs: whether /docs is shown.
    """

    origins: tuple[str, ...] = ()
    access: str = "open"
    secret: str = ""
    rate: str = "60/minute"
    rate_key: str = "600/minute"
    rate_origin: str = "600/minute"
    rate_store: str = "memory://"
    proxies: tuple[str, ...] = ()
    user_header: str = ""
    hosts: tuple[str, ...] = ()
    workers: int = 1
    queue: int = 16
    timeout: float = 20.0
    feedback: str = ""
    feedback_text: bool = False
    docs: bool = False


def web_settings(env: Mapping[str, str]) -> WebSettings:
    """Raises FootnoteError that lists every variable that is wrong, with its value and the cure."""
    faults: list[str] = []

    def read(name: str, parse: Callable[[str], T], default: T) -> T:
        raw = env.get(name, "").strip()
        try:
            return parse(raw) if raw else default
        except ValueError as error:
            shown = "" if name in _SECRET else f"={raw!r}"
            faults.append(f"{name}{shown} {error}")
            return default

    plain = WebSettings()
    made = WebSettings(
        origins=read("FOOTNOTE_ORIGINS", lambda raw: tuple(origin(part) for part in _parts(raw)), ()),
        access=read("FOOTNOTE_ACCESS", _access, plain.access),
        secret=read("FOOTNOTE_SECRET", _secret, ""),
        rate=read("FOOTNOTE_RATE", _rate, plain.rate),
        rate_key=read("FOOTNOTE_RATE_KEY", _rate, plain.rate_key),
        rate_origin=read("FOOTNOTE_RATE_ORIGIN", _rate, plain.rate_origin),
        rate_store=read("FOOTNOTE_RATE_STORE", _store, plain.rate_store),
        proxies=read("FOOTNOTE_TRUSTED_PROXIES", lambda raw: tuple(_network(part) for part in _parts(raw)), ()),
        user_header=read("FOOTNOTE_USER_HEADER", _header, ""),
        hosts=read("FOOTNOTE_HOSTS", lambda raw: tuple(_host(part) for part in _parts(raw)), ()),
        workers=read("FOOTNOTE_WORKERS", lambda raw: _whole(raw, 1, 64), plain.workers),
        queue=read("FOOTNOTE_QUEUE", lambda raw: _whole(raw, 0, 10_000), plain.queue),
        timeout=read("FOOTNOTE_TIMEOUT", lambda raw: float(_whole(raw, 1, 600)), plain.timeout),
        feedback=read("FOOTNOTE_FEEDBACK", _database, ""),
        feedback_text=read("FOOTNOTE_FEEDBACK_TEXT", _switch, False),
        docs=read("FOOTNOTE_DOCS", _switch, False),
    )
    if made.user_header and not made.proxies:
        faults.append(
            f"FOOTNOTE_USER_HEADER={made.user_header!r} is believed from FOOTNOTE_TRUSTED_PROXIES alone: set both."
        )
    if faults:
        raise FootnoteError("\n".join(faults))
    return made


_SECRET = ("FOOTNOTE_SECRET", "FOOTNOTE_FEEDBACK", "FOOTNOTE_RATE_STORE")
"""Their values may hold a password, and are not repeated."""


def origin(raw: str) -> str:
    """An origin exactly as a browser sends it. Raises ValueError with what is wrong.

    >>> origin("https://intranet.example:8443")
    'https://intranet.example:8443'
    """
    found = _ORIGIN.fullmatch(raw)
    if not found or (found[3] and not 0 < int(found[3]) < 65536):
        raise ValueError(
            f"has {raw!r}, which is no origin. Write it as https://host or https://host:port, in lower case."
        )
    if found[3] == _PORTS[found[1]]:
        raise ValueError(f"has {raw!r}, but a browser leaves :{found[3]} out. Write {raw.rpartition(':')[0]}.")
    return raw


def _parts(raw: str) -> list[str]:
    return [part.strip() for part in raw.split(",") if part.strip()]


def _access(raw: str) -> str:
    if raw not in ("open", "token"):
        raise ValueError("is neither open nor token.")
    return raw


def _secret(raw: str) -> str:
    if len(raw) < 16:
        raise ValueError("is shorter than 16 characters. `openssl rand -hex 32` makes a good one.")
    return raw


def _rate(raw: str) -> str:
    if not _RATE.fullmatch(raw):
        raise ValueError("is no rate. Write it as 60/minute; second, hour and day exist as well.")
    return raw


def _store(raw: str) -> str:
    if not re.fullmatch(r"memory://|rediss?://\S+", raw):
        raise ValueError("is neither memory:// nor a redis://host:port/0.")
    return raw


def _network(raw: str) -> str:
    try:
        ipaddress.ip_network(raw)
    except ValueError as error:
        raise ValueError(f"has {raw!r}, which is no address or network ({error}).") from error
    return raw


def _header(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+", raw):
        raise ValueError("is no name of a header.")
    return raw.lower()


def _host(raw: str) -> str:
    if not re.fullmatch(_HOST, raw):
        raise ValueError(f"has {raw!r}, which is no host name. Write it in lower case, without a port.")
    return raw


def _whole(raw: str, least: int, most: int) -> int:
    if not (raw.isascii() and raw.isdecimal() and least <= int(raw) <= most):
        raise ValueError(f"is not a whole number from {least} to {most:,}.")
    return int(raw)


def _switch(raw: str) -> bool:
    if raw not in ("0", "1"):
        raise ValueError("is neither 0 nor 1.")
    return raw == "1"


def _database(raw: str) -> str:
    return raw if "://" in raw else f"sqlite:///{raw}"
