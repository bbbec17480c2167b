"""A caller -> one more answer, or 429: counted by address, token, key, user and origin.

In memory, or in Redis where several servers share the count. A Redis that cannot be reached is
logged, and this server counts alone until it is back.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

from assistant.errors import FootnoteError
from assistant.web.errors import Refused
from assistant.web.settings import WebSettings

Wanted = Sequence[tuple[RateLimitItem, tuple[str, ...]]]

log = logging.getLogger("footnote")


def connections(url: str) -> Any:
    """A pool of connections to Redis, none made yet. Raises FootnoteError where its client is not installed."""
    try:
        from redis.asyncio import ConnectionPool
    except ImportError as error:
        raise FootnoteError("FOOTNOTE_RATE_STORE needs Redis's client: `pip install 'footnote[redis]'`.") from error
    return ConnectionPool.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)


class Limits:
    """The rates of one application."""

    def __init__(self, settings: WebSettings) -> None:
        self.rates = {
            "address": parse(settings.rate),
            "token": parse(settings.rate),
            "user": parse(settings.rate),
            "key": parse(settings.rate_key),
            "origin": parse(settings.rate_origin),
        }
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None
        if settings.rate_store.startswith("redis"):
            self._connections = connections(settings.rate_store)
            options: Any = {"connection_pool": self._connections, "implementation": "redispy"}
            self._shared = MovingWindowRateLimiter(RedisStorage(f"async+{settings.rate_store}", **options))

    async def close(self) -> None:
        """Gives the connections back."""
        if self._shared:
            await self._connections.disconnect()

    async def spend(self, what: str, **who: str) -> None:
        """One of `what` for each of who, named as in `rates`; the empty ones do not count.

        Raises Refused, 429, where any has none left; then nothing is spent.
        """
        wanted: Wanted = [(self.rates[kind], (what, kind, name)) for kind, name in who.items() if name]
        try:
            await self._spend(self._shared or self._own, wanted)
        except Refused:
            raise
        except Exception as error:
            if not self._shared:
                raise
            log.warning("the rate store cannot be reached: %s; counting alone", type(error).__name__)
            await self._spend(self._own, wanted)

    async def _spend(self, limiter: MovingWindowRateLimiter, wanted: Wanted) -> None:
        for rate, place in wanted:
            if not await limiter.test(rate, *place):
                raise await _enough(limiter, rate, place)
        for rate, place in wanted:
            if not await limiter.hit(rate, *place):
                raise await _enough(limiter, rate, place)


async def _enough(limiter: MovingWindowRateLimiter, rate: RateLimitItem, place: tuple[str, ...]) -> Refused:
    window = await limiter.get_window_stats(rate, *place)
    wait = max(1, math.ceil(window.reset_time - time.time()))
    said = f"That was more than {rate}. Please wait {wait} seconds."
    return Refused(429, "rate_limited", said, min(wait, rate.get_expiry()))
