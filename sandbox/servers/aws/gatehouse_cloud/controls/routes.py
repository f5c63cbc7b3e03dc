"""Serves the controls for tests, under /_gatehouse/ on the AWS API's port.

GET      /_gatehouse/instance     this run of the cloud: its state is in memory, so another id means an empty cloud; with
                                  the variables with which a program reaches it by the names on AWS
GET/PUT  /_gatehouse/cloudfront   {"deploySeconds": …, "edges": …, "viewerCountry": …}
GET/PUT  /_gatehouse/faults       a list of faults: {"service", "action", "principal", "probability" or "times",
                                  "mode": "error-before", "error-after" or "delay", "seconds", "status", "code"}
GET/PUT  /_gatehouse/account      {"concurrentExecutions": quota of functions, "bedrockValidatesFirst": whether Bedrock validates
                                  a request before it checks permissions}; the default tier of parameters is a
                                  setting of Systems Manager
GET/PUT  /_gatehouse/restapis     {"scale": …}: a factor of the time limits of REST APIs, their integrations' and the one of
                                  silence in streamed responses; 1 at first
GET/PUT  /_gatehouse/settling     {"seconds": …}: how long a change of a role's permissions, or of a KMS key's tags, takes to
                                  take effect; 0 at first
GET/PUT  /_gatehouse/stale-reads  {"seconds": …}: how far eventually consistent reads of DynamoDB are behind; 0 at first
GET/PUT  /_gatehouse/streams      {"limited": false}: whether streamed responses of functions have Lambda's speed beyond their
                                  first bytes; with "unlimitedBytes", "bytesPerSecond", "largest"
PUT      /_gatehouse/kill         {"function": name}: ends its execution environments at once, invocations included
GET      /_gatehouse/calls        the AWS actions called, as JSON lines; ?since=N leaves out the first N
GET      /_gatehouse/origin-headers  the changes of distributions, with the parameter that holds each custom header's value,
                                  as JSON lines; ?since=N leaves out the first N
"""

import json
import time
import uuid
from urllib.parse import parse_qs

from ministack import app

from gatehouse_cloud.controls import faults
from gatehouse_cloud.fidelity.awslambda import runtime
from gatehouse_cloud.fidelity.cloudfront import deployments, edge
from gatehouse_cloud.fidelity.dynamodb.stale_reads import Staleness
from gatehouse_cloud.fidelity.iam.settling import Settling
from gatehouse_cloud.state import State

PREFIX = "/_gatehouse/"
# The members of streamed responses' limits, by their names in a control.
RATES = {
    "limited": "limited",
    "unlimitedBytes": "unlimited_bytes",
    "bytesPerSecond": "bytes_per_second",
    "largest": "largest",
}


class Refused(Exception):
    """A control request that cannot be served."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Controls:
    """Serves the controls."""

    def __init__(self, state: State):
        self._state = state
        self._instance = {"id": str(uuid.uuid4()), "started": time.time(), "environment": state.function_variables}
        self._routes = {
            ("GET", "instance"): lambda _: self._instance,
            ("GET", "cloudfront"): lambda _: self._cloudfront(),
            ("PUT", "cloudfront"): self._set_cloudfront,
            ("GET", "account"): lambda _: self._account(),
            ("PUT", "account"): self._set_account,
            ("GET", "faults"): lambda _: self._state.faults.describe(),
            ("PUT", "faults"): self._set_faults,
            ("GET", "restapis"): lambda _: {"scale": self._state.limits.scale},
            ("PUT", "restapis"): self._set_limits,
            ("GET", "settling"): lambda _: {"seconds": self._state.settling.seconds},
            ("PUT", "settling"): lambda wanted: _set_seconds(self._state.settling, wanted),
            ("GET", "stale-reads"): lambda _: {"seconds": self._state.staleness.seconds},
            ("PUT", "stale-reads"): lambda wanted: _set_seconds(self._state.staleness, wanted),
            ("GET", "streams"): lambda _: self._streams(),
            ("PUT", "streams"): self._set_streams,
            ("PUT", "kill"): self._kill,
            ("GET", "calls"): lambda query: self._state.calls.since(_since(query)),
            ("GET", "origin-headers"): lambda query: self._state.changes.since(_since(query)),
        }

    async def serve(self, scope, receive, send) -> None:
        """Serve one request."""
        name = scope["path"].removeprefix(PREFIX)
        route = self._routes.get((scope["method"], name))
        try:
            if route is None:
                known = ", ".join(f"{method} {PREFIX}{path}" for method, path in self._routes)
                raise Refused(404, f"no such control; there are {known}")
            body = await app._read_request_body(receive, scope["method"], {})
            query = parse_qs(scope["query_string"].decode())
            status, response = 200, route(query if scope["method"] == "GET" else json.loads(body or b"null"))
        except Refused as refusal:
            status, response = refusal.status, {"error": str(refusal)}
        except (ValueError, UnicodeDecodeError) as problem:
            status, response = 400, {"error": f"the request is not valid: {problem}"}
        lines = response if isinstance(response, list) else [response]
        message = "".join(json.dumps(line) + "\n" for line in lines)
        await app._send_response(send, status, {"Content-Type": "application/json"}, message)

    def _cloudfront(self) -> dict:
        return {
            "deploySeconds": self._state.fleet.seconds,
            "edges": self._state.fleet.edges,
            "viewerCountry": self._state.viewers.country,
            "distributions": self._state.fleet.describe(),
            "origins": self._state.connections.describe(),
        }

    def _set_cloudfront(self, wanted) -> dict:
        if not isinstance(wanted, dict) or set(wanted) - {"deploySeconds", "edges", "viewerCountry"}:
            raise Refused(400, 'give some of {"deploySeconds": seconds, "edges": number, "viewerCountry": "US"}')
        seconds, edges = (
            wanted.get("deploySeconds", self._state.fleet.seconds),
            wanted.get("edges", self._state.fleet.edges),
        )
        country = wanted.get("viewerCountry", self._state.viewers.country)
        if not isinstance(country, str) or not edge.COUNTRY.match(country):
            raise Refused(400, f"viewerCountry is {country!r}; it must be two capital letters, as ISO 3166-1 has them")
        if not isinstance(seconds, (int, float)) or seconds < 0:
            raise Refused(400, f"deploySeconds is {seconds!r}; it must be a number of at least 0")
        if not isinstance(edges, int) or edges < 1:
            raise Refused(400, f"edges is {edges!r}; it must be a whole number of at least 1")
        if edges != self._state.fleet.edges:
            try:
                self._state.fleet.resize(edges)
            except deployments.InProgress as problem:
                raise Refused(409, str(problem)) from problem
        self._state.fleet.seconds, self._state.viewers.country = seconds, country
        return self._cloudfront()

    def _account(self) -> dict:
        return {
            "concurrentExecutions": self._state.quota.executions,
            "bedrockValidatesFirst": self._state.order.validates_first,
        }

    def _set_account(self, wanted) -> dict:
        if not isinstance(wanted, dict) or set(wanted) - set(self._account()):
            raise Refused(400, 'give some of {"concurrentExecutions": number, "bedrockValidatesFirst": false}')
        wanted = {**self._account(), **wanted}
        executions, first = wanted["concurrentExecutions"], wanted["bedrockValidatesFirst"]
        if not isinstance(executions, int) or isinstance(executions, bool) or executions < 1:
            raise Refused(400, f"concurrentExecutions is {executions!r}; it must be a whole number of at least 1")
        if not isinstance(first, bool):
            raise Refused(400, f"bedrockValidatesFirst is {first!r}; it must be true or false")
        if executions != self._state.quota.executions:
            self._state.quota.set(executions)
        self._state.order.validates_first = first
        return self._account()

    def _set_faults(self, wanted) -> dict:
        try:
            self._state.faults.replace(wanted)
        except faults.Malformed as problem:
            raise Refused(400, str(problem)) from problem
        return self._state.faults.describe()

    def _set_limits(self, wanted) -> dict:
        scale = wanted.get("scale") if isinstance(wanted, dict) else None
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < scale <= 1:
            raise Refused(400, f"scale is {scale!r}; it must be a number above 0, of at most 1")
        self._state.limits.scale = scale
        return {"scale": scale}

    def _streams(self) -> dict:
        rates = self._state.rates
        return {given: getattr(rates, name) for given, name in RATES.items()}

    def _set_streams(self, wanted) -> dict:
        if not isinstance(wanted, dict) or set(wanted) - set(RATES):
            raise Refused(400, f"give some of {json.dumps(self._streams())}")
        for given, value in wanted.items():
            wrong = type(value) is not bool if given == "limited" else type(value) is not int or value < 1
            if wrong:
                raise Refused(400, f"{given} is {value!r}; limited is true or false, the others are numbers of bytes")
        for given, value in wanted.items():
            setattr(self._state.rates, RATES[given], value)
        return self._streams()

    def _kill(self, wanted) -> dict:
        if not isinstance(wanted, dict) or set(wanted) != {"function"}:
            raise Refused(400, 'give {"function": name}')
        return {"killed": runtime.kill(wanted["function"])}


def _since(query: dict) -> int:
    return int(query.get("since", ["0"])[0])


def _set_seconds(delay: Settling | Staleness, wanted) -> dict:
    seconds = wanted.get("seconds") if isinstance(wanted, dict) else None
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise Refused(400, f"seconds is {seconds!r}; it must be a number of at least 0")
    delay.seconds = seconds
    return {"seconds": seconds}
