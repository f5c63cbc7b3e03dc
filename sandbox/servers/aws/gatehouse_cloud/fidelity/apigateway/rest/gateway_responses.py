"""Renders the responses that API Gateway itself makes for a REST API, as the deployment customizes them.

ministack renders them; here they get their messages and ids, and a status of AWS where it differs from the type's.
"""

from dataclasses import dataclass

from ministack.services import apigateway_v1 as v1

from gatehouse_cloud.fidelity.apigateway.rest import headers
from gatehouse_cloud.fidelity.apigateway.rest.requests import Request

INTERNAL = "Internal server error"
MESSAGES = {
    "ACCESS_DENIED": "User is not authorized to access this resource",
    "API_CONFIGURATION_ERROR": INTERNAL,
    "AUTHORIZER_CONFIGURATION_ERROR": INTERNAL,
    "DEFAULT_5XX": INTERNAL,
    "INTEGRATION_FAILURE": INTERNAL,
    "INTEGRATION_TIMEOUT": "Endpoint request timed out",
    "MISSING_AUTHENTICATION_TOKEN": "Missing Authentication Token",
    "REQUEST_TOO_LARGE": "Request Too Long",
    "THROTTLED": "Too Many Requests",
    "UNAUTHORIZED": "Unauthorized",
}


@dataclass
class Refusal(Exception):
    """A request that API Gateway responds to itself."""

    kind: str
    status: int | None = None  # in place of the type's, where it isn't customized
    message: str | None = None

    def __post_init__(self):
        self.message = self.message or MESSAGES.get(self.kind)


def render(refusal: Refusal, request: Request, stage: dict, resource_path: str, path_parameters: dict) -> tuple:
    """Return the response to a refused request."""
    error = v1._GatewayError(refusal.kind, refusal.message)
    status, sent, body = v1._gateway_error_response(
        error,
        {
            "api_id": request.api_id,
            "stage_name": request.stage_name,
            "stage": stage,
            "headers": request.joined(),
            "query_params": request.queried(),
            "path_params": path_parameters,
            "resource_path": resource_path,
            "request_id": request.id,
        },
    )
    customized = v1._deployed_gateway_responses.get(request.api_id, {}).get(stage["deploymentId"], {})
    if refusal.status and not customized.get(refusal.kind, {}).get("statusCode"):
        status = refusal.status
    by_name: dict[str, tuple[str, str]] = {}
    for name, value in sent.items():
        by_name[name.lower()] = (name, value)
    return status, headers.with_ids(dict(by_name.values()), request), body
