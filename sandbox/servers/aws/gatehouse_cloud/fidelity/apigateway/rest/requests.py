"""Requests to REST APIs, and what they are routed to."""

import base64
import os
import time
import uuid
from dataclasses import dataclass, field

from gatehouse_cloud.fidelity.apigateway.rest.deployments import Snapshot


@dataclass
class Request:
    """A request to a stage."""

    api_id: str
    stage_name: str
    host: str
    method: str
    path: str  # as it was sent, without the stage
    query: list[tuple[str, str]]
    headers: list[tuple[str, str]]  # in the case in which they were sent
    body: bytes
    client: str
    account: str = ""
    region: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_id: str = field(default_factory=lambda: base64.b64encode(os.urandom(11)).decode())
    trace: str = ""
    at: float = field(default_factory=time.time)

    def __post_init__(self):
        sent = self.values("x-amzn-trace-id")
        self.trace = sent[-1] if sent else f"Root=1-{int(self.at):08x}-{os.urandom(12).hex()}"

    def values(self, name: str) -> list[str]:
        """Return the values of a header, in any case."""
        return [value for sent, value in self.headers if sent.lower() == name.lower()]

    def joined(self) -> dict[str, str]:
        """Return the headers in lower case, each with all its values."""
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.lower(), []).append(value)
        return {name: ", ".join(values) for name, values in found.items()}

    def queried(self) -> dict[str, list[str]]:
        """Return the query's parameters, each with all its values."""
        found: dict[str, list[str]] = {}
        for name, value in self.query:
            found.setdefault(name, []).append(value)
        return found


@dataclass
class Call:
    """A request, and the method that it is routed to."""

    request: Request
    stage: dict
    snapshot: Snapshot
    resource: dict
    method_name: str  # as declared: ANY for an ANY method
    method: dict
    path_parameters: dict[str, str]
    authorizer: dict | None = None  # the authorizer's context

    @property
    def arn(self) -> str:
        """The ARN of the request, on which an authorizer's policy decides."""
        request = self.request
        return f"{self._prefix}/{request.method}/{request.path.removeprefix('/')}"

    @property
    def source_arn(self) -> str:
        """The ARN with which the integration invokes a function: that of the method, with * for what is variable."""
        parts = ["*" if part.startswith("{") else part for part in self.resource["path"].strip("/").split("/")]
        method = "*" if self.method_name == "ANY" else self.method_name
        return f"{self._prefix}/{method}/{'/'.join(parts)}"

    @property
    def _prefix(self) -> str:
        request = self.request
        return f"arn:aws:execute-api:{request.region}:{request.account}:{request.api_id}/{request.stage_name}"
