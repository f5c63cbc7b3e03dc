"""The time limits of REST APIs, which tests can scale."""

from dataclasses import dataclass

# How long a streamed response may be silent, by the endpoint's type:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html.
IDLE_SECONDS = {"REGIONAL": 300, "PRIVATE": 300, "EDGE": 30}
LARGEST_REQUEST = 10 * 1024 * 1024


@dataclass
class Limits:
    """How long integrations and their silences may take."""

    scale: float = 1

    def timeout(self, integration: dict) -> float:
        """Return the seconds that an integration may take."""
        return integration["timeoutInMillis"] / 1000 * self.scale

    def idle(self, api: dict) -> float:
        """Return the seconds for which a streamed response of an API may be silent."""
        [kind, *_] = (api.get("endpointConfiguration") or {}).get("types") or ["EDGE"]
        return IDLE_SECONDS[kind] * self.scale
