"""Publishes the metrics of REST APIs, by the API's name and by name and stage.

Each request counts for all of them, with 0 for an error that it isn't. The latency of a streamed response is that of the
whole stream.
"""

import time

from ministack.core.responses import StreamingResponse, request_scope
from ministack.services import apigateway_v1 as v1
from ministack.services import cloudwatch

from gatehouse_cloud.fidelity.apigateway.rest.requests import Request

NAMESPACE = "AWS/ApiGateway"


def measured(request: Request, response: tuple) -> tuple:
    """Count a response; return it, in such a way that a stream's latency is known at its end."""
    status, headers, body = response
    _publish(request, "Count", 1)
    _publish(request, "4XXError", int(400 <= status < 500))
    _publish(request, "5XXError", int(status >= 500))
    if not isinstance(body, StreamingResponse):
        _publish_latency(request)
        return response

    async def run(send, receive) -> None:
        try:
            await body.runner(send, receive)
        finally:
            _publish_latency(request)

    return status, headers, StreamingResponse(run)


def _publish_latency(request: Request) -> None:
    _publish(request, "Latency", round((time.time() - request.at) * 1000), "Milliseconds")


def _publish(request: Request, metric: str, value: float, unit: str = "Count") -> None:
    with request_scope(request.account, request.region):
        api = v1._rest_apis.get(request.api_id)
        if api is None:
            return  # deleted while the response was streamed
        for dimensions in ({"ApiName": api["name"]}, {"ApiName": api["name"], "Stage": request.stage_name}):
            cloudwatch.record_metric(NAMESPACE, metric, value, unit, dimensions)
