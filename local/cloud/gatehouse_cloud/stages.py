"""Access logs and throttling of HTTP API stages.

ministack stores both settings and acts on neither. Throttling is a token bucket for each route of a stage, from the
route's settings or the stage's defaults.
"""

import base64
import json
import logging
import os
import re
import time
from datetime import datetime, timezone

from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway

from . import endpoints, logs, patching

logger = logging.getLogger("cloud.stages")
VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")
MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Bucket:
    """Tokens that refill at a rate up to a burst; each request takes one."""

    def __init__(self, rate: float, burst: float):
        self.limits = (rate, burst)
        self._tokens = burst
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether there was a token left."""
        now, (rate, burst) = time.monotonic(), self.limits
        self._tokens = min(burst, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def install() -> None:
    buckets: dict[tuple, Bucket] = {}

    async def execute(
        original,
        api_id,
        stage,
        path,
        method,
        headers,
        body,
        query_params,
        owner_account_id,
        owner_region,
        raw_query_string=None,
    ):
        started = time.time()
        settings = apigateway._stages.get(api_id, {}).get(stage) or {}
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/")) or {}
        key = route.get("routeKey", "-")
        if _within_limits(buckets, (api_id, stage, key), settings):
            answer = await original(
                api_id,
                stage,
                path,
                method,
                headers,
                body,
                query_params,
                owner_account_id,
                owner_region,
                raw_query_string,
            )
        else:
            answer = 429, {"Content-Type": "application/json"}, b'{"message":"Too Many Requests"}'
        answer[1].setdefault("apigw-requestid", base64.b64encode(os.urandom(11)).decode())
        if settings.get("accessLogSettings"):
            try:
                _log(
                    settings["accessLogSettings"],
                    api_id,
                    stage,
                    key,
                    path,
                    method,
                    headers,
                    owner_account_id,
                    answer,
                    started,
                )
            except Exception:
                # A log that cannot be written never fails a request.
                logger.exception("access log of API %s", api_id)
        return answer

    patching.extend(apigateway, "_handle_execute_in_scope", execute)


def _within_limits(buckets: dict[tuple, Bucket], key: tuple, settings: dict) -> bool:
    default = settings.get("defaultRouteSettings") or {}
    limits = {**default, **((settings.get("routeSettings") or {}).get(key[2]) or {})}
    rate, burst = limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit")
    if rate is None or burst is None:
        return True
    if key not in buckets or buckets[key].limits != (rate, burst):
        buckets[key] = Bucket(rate, burst)
    return buckets[key].take()


def _log(settings, api_id, stage, route_key, path, method, headers, account_id, answer, started) -> None:
    group = settings["destinationArn"].split(":log-group:")[1].removesuffix(":*")
    if not logs.has_group(group):
        return
    status, answer_headers, body = answer
    at = datetime.fromtimestamp(started, timezone.utc)
    values = {
        "accountId": account_id,
        "apiId": api_id,
        "domainName": endpoints.host_of(api_id),
        "domainPrefix": api_id,
        "stage": stage,
        "routeKey": route_key,
        "path": path,
        "httpMethod": method,
        "protocol": "HTTP/1.1",
        "requestId": answer_headers["apigw-requestid"],
        "extendedRequestId": answer_headers["apigw-requestid"],
        "requestTime": f"{at:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": int(started),
        "status": status,
        "responseLength": len(body),
        "responseLatency": round((time.time() - started) * 1000),
        "identity.sourceIp": get_request_client_ip(),
        "identity.userAgent": headers.get("user-agent", "-"),
        "error.message": MESSAGES.get(status, "-"),
    }
    # As on AWS, a variable without a value is a hyphen; quotes in a value must not break a JSON format.
    line = VARIABLE.sub(lambda match: json.dumps(str(values.get(match.group(1), "-")))[1:-1], settings["format"])
    logs.append(group, f"{api_id}-{stage.replace('$', '')}", [line])
