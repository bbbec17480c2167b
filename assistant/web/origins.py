"""Where a request comes from: its proxy, its host name, its origin. Each guard passes on, or answers itself.

The guards stand before every route, the mounted chat's included. Nothing is open to another site's page
until its origin is listed; a page of ours is one whose origin has the host that the request names.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.web.errors import Refused, problem
from assistant.web.settings import WebSettings

STANDING = "footnote.standing"
SAFE = ("GET", "HEAD")


def address_of(request: HTTPConnection) -> str:
    """Of whoever sent it, or of the proxy that the operator does not trust; empty where there is none."""
    return request.client.host if request.client else ""


@dataclass(frozen=True)
class Standing:
    """origin: as sent, or empty; listed: it is another site's, which the operator has listed. user: signed in at a
    trusted proxy, or empty."""

    origin: str = ""
    listed: bool = False
    user: str = ""

    @staticmethod
    def of(scope: Scope) -> Standing:
        """What the guards have found."""
        found = scope.get(STANDING)
        if not isinstance(found, Standing):
            raise RuntimeError("the origin guard does not stand before this route")
        return found


class Origins:
    """Sets the Standing; refuses another site's page unless it only reads, which a browser will not let it see."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.settings = settings
        self.networks = [ip_network(n) for n in settings.proxies]
        self._proxied = ProxyHeadersMiddleware(self._judge, list(settings.proxies))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Plain ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        user = self._user(scope)
        scope[STANDING] = Standing(user=user)
        await self._proxied(scope, receive, send)  # type: ignore[arg-type]

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refused = self._wrong_host(scope, headers) or self._place(scope, headers)
        if refused:
            await problem(scope["path"], refused)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _user(self, scope: Scope) -> str:
        """The name that single sign-on gives, where the peer is a proxy that we trust."""
        if not self.settings.user_header or not self._trusted(scope):
            return ""
        names = Headers(scope=scope).getlist(self.settings.user_header)
        return names[0] if len(names) == 1 else ""

    def _trusted(self, scope: Scope) -> bool:
        try:
            peer = ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(peer in network for network in self.networks)

    def _wrong_host(self, scope: Scope, headers: Headers) -> Refused | None:
        """Against a foreign name that was made to point here (DNS rebinding). Probes come by address."""
        if not self.settings.hosts or scope["path"] in ("/healthz", "/readyz"):
            return None
        if _name(headers.get("host", "")) in self.settings.hosts:
            return None
        return Refused(
            403, "host_refused", "Footnote is not reached by this name. The operator lists it in FOOTNOTE_HOSTS."
        )

    def _place(self, scope: Scope, headers: Headers) -> Refused | None:
        sent = headers.getlist("origin")
        origin = sent[0] if sent else ""
        scheme = origin.partition("://")[0]
        own = len(sent) == 1 and _netloc(origin) == _default_port(headers.get("host", ""), scheme)
        listed = len(sent) == 1 and not own and origin in self.settings.origins
        scope[STANDING] = Standing(origin, listed, scope[STANDING].user)
        if sent and not own and not listed and scope["method"] not in SAFE:
            return Refused(
                403, "origin_refused", "This site may not use Footnote. The operator lists it in FOOTNOTE_ORIGINS."
            )
        chat = not scope["path"].startswith(("/api/", "/v1/"))
        if self.settings.access == "token" and chat and not sent and scope["method"] not in SAFE:
            return Refused(401, "key_needed", "The chat is for a browser. A server calls /api with a key.")
        return None


def _netloc(origin: str) -> str | None:
    """Host and port of an origin, the scheme's own port left out; None for what is not an origin."""
    try:
        parts = urlsplit(origin)
        plain = (
            parts.scheme in ("http", "https") and origin == f"{parts.scheme}://{parts.netloc}" and bool(parts.netloc)
        )
    except ValueError:
        return None
    return _default_port(parts.netloc, parts.scheme) if plain and "@" not in parts.netloc else None


def _default_port(host: str, scheme: str) -> str:
    return host.lower().removesuffix({"http": ":80", "https": ":443"}.get(scheme, " "))


def _name(host: str) -> str:
    """`[::1]:7860` -> `[::1]`."""
    host = host.lower()
    return host[: host.index("]") + 1] if "]" in host else host.partition(":")[0]
