"""Checks the settings of a REST API's Lambda authorizer as API Gateway does when one is stored."""

import re

from gatehouse_cloud.fidelity.apigateway.rest import integrations

TYPES = ("TOKEN", "REQUEST", "COGNITO_USER_POOLS")
LARGEST_TTL = 3600
DEFAULT_TTL = 300
IDENTITY_SOURCE = re.compile(r"^(method\.request\.(header|querystring)|stageVariables|context)\.[^\s,]+$")


def problem(authorizer: dict) -> str | None:
    """Return the reason to refuse an authorizer, in the shape of CreateAuthorizer, or None."""
    kind, ttl = authorizer.get("type"), authorizer.get("authorizerResultTtlInSeconds", DEFAULT_TTL)
    if kind not in TYPES:
        return "Invalid authorizer type specified"
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 <= ttl <= LARGEST_TTL:
        return f"Authorizer result TTL must be between 0 and {LARGEST_TTL} seconds"
    if kind == "COGNITO_USER_POOLS":
        return (
            None if authorizer.get("providerARNs") else "Provider ARNs are required for Cognito user pool authorizers"
        )
    uri = authorizer.get("authorizerUri") or ""
    service = integrations.SERVICE_URI.match(uri)
    if not service or service["service"] != "lambda" or not integrations.INVOKE.match(service["rest"]):
        return (
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation."
        )
    sources = identity_sources(authorizer)
    if not sources and (kind == "TOKEN" or ttl > 0):
        return "Identity source is required when caching is enabled"
    if any(not IDENTITY_SOURCE.match(source) for source in sources):
        return "Invalid mapping expression specified in the identity source"
    return None


def identity_sources(authorizer: dict) -> list[str]:
    """Return the parts of a request that identify its sender for an authorizer."""
    return [source.strip() for source in (authorizer.get("identitySource") or "").split(",") if source.strip()]
