"""Throttles requests to HTTP API stages, and gives each response an id.

ministack stores the settings and does not act on them. Each route of a stage has a token bucket, with the limits of the
route or the stage's defaults.
"""

import base64
import os
import time

from ministack.services import apigateway

from gatehouse_cloud import patching


class Bucket:
    """Tokens that refill at a rate up to a burst; each request takes one."""

    def __init__(self, rate: float, burst: float):
        self.limits = (rate, burst)
        self._tokens = burst
        self._at = time.monotonic()

    def take(self) -> bool:
        """Report whether there was a token left, and take it."""
        now, (rate, burst) = time.monotonic(), self.limits
        self._tokens = min(burst, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def install() -> None:
    buckets: dict[tuple, Bucket] = {}

    async def execute(proceed, api_id, stage, path, method):
        settings = apigateway._stages.get(api_id, {}).get(stage) or {}
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/")) or {}
        key = route.get("routeKey", "-")
        if _within_limits(buckets, (api_id, stage, key), settings):
            response = await proceed()
        else:
            response = 429, {"Content-Type": "application/json"}, b'{"message":"Too Many Requests"}'
        response[1].setdefault("apigw-requestid", base64.b64encode(os.urandom(11)).decode())
        return response

    patching.wrap(apigateway, "_handle_execute_in_scope", execute)


def _within_limits(buckets: dict[tuple, Bucket], key: tuple, settings: dict) -> bool:
    default = settings.get("defaultRouteSettings") or {}
    limits = {**default, **((settings.get("routeSettings") or {}).get(key[2]) or {})}
    rate, burst = limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit")
    if rate is None or burst is None:
        return True
    if key not in buckets or buckets[key].limits != (rate, burst):
        buckets[key] = Bucket(rate, burst)
    return buckets[key].take()
