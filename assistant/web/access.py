"""A request -> who asks, or a refusal: same origin, a listed origin with its token, a key, or a signed-in user.

A token is minted by POST /api/session for the page that asks for it: it is bound to that page's origin and
lasts 15 minutes. It keeps other sites' pages out, and gives a flood a name; it is no proof of a person.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from starlette.requests import Request

from assistant.web.errors import Refused
from assistant.web.keys import PREFIX, Keys
from assistant.web.limits import Limits
from assistant.web.origins import Standing, address_of
from assistant.web.settings import WebSettings

LASTS = 15 * 60
"""Seconds that a token is good for."""


@dataclass(frozen=True)
class Caller:
    """by: what let it in. name: of the key, the token or the user. address: where it comes from. origin: of a listed
    site's page, else empty."""

    by: Literal["open", "token", "key", "user"]
    name: str
    address: str
    origin: str = ""


class Access:
    """Who may call the API."""

    def __init__(self, settings: WebSettings, keys: Keys, limits: Limits) -> None:
        self.closed = settings.access == "token"
        self.keys = keys
        self.limits = limits
        self._tokens = URLSafeTimedSerializer(settings.secret or secrets.token_hex(32), salt="footnote-session")

    async def answering(self, request: Request) -> Caller:
        """Dependency of what costs an answer: the caller, with one of its answers spent."""
        caller = self.caller(request)
        kind = {} if caller.by == "open" else {caller.by: caller.name}
        # A key's requests all come from one server, and a user's perhaps from one proxy.
        address = caller.address if caller.by in ("open", "token") else ""
        await self.limits.spend("answer", address=address, origin=caller.origin, **kind)
        return caller

    def caller(self, request: Request) -> Caller:
        """Dependency of every other call. Raises Refused, 401, with what is needed."""
        standing = Standing.of(request.scope)
        address = address_of(request)
        origin = standing.origin if standing.listed else ""
        sent = _bearer(request)
        if sent.startswith(PREFIX):
            name = self.keys.name_of(sent)
            if name is None:
                raise Refused(401, "key_invalid", "This key is not known, or was revoked.")
            return Caller("key", name, address, origin)
        if standing.user and not standing.listed:
            return Caller("user", standing.user, address, origin)
        if standing.listed or self.closed:
            return Caller("token", self._checked(sent, standing.origin), address, origin)
        return Caller("open", "", address)

    def mint(self, request: Request) -> str:
        """A token for the page that asks. Raises Refused, 401, where only a key will do."""
        origin = Standing.of(request.scope).origin
        if self.closed and not origin:
            raise Refused(
                401,
                "key_needed",
                "A token is for a page in a browser. A server sends a key: `python -m assistant keys add NAME`.",
            )
        return self._tokens.dumps([secrets.token_urlsafe(12), origin])

    def _checked(self, token: str, origin: str) -> str:
        if not token:
            raise Refused(
                401, "token_needed", "Send `Authorization: Bearer TOKEN`: a token from POST /api/session, or a key."
            )
        try:
            name, bound = self._tokens.loads(token, max_age=LASTS)
        except SignatureExpired:
            raise Refused(401, "token_expired", "This token has expired. POST /api/session gives another.") from None
        except (BadSignature, ValueError, TypeError):
            raise Refused(401, "token_invalid", "This token is not valid. POST /api/session gives one.") from None
        if origin and bound != origin:  # a browser names no origin where a page of ours only reads
            raise Refused(401, "token_invalid", "This token belongs to another origin. POST /api/session gives one.")
        return str(name)


def _bearer(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""
