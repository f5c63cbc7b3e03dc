"""Definitions of REST APIs for tests, and requests to their stages."""

import http.client
import json

from .harness import REGION, CloudTest

ECHO = """
import json
def handle(event):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
# Allows what its environment names; counts its calls, and does what the header's value says.
AUTHORIZER = """
calls = 0
def handle(event):
    global calls
    calls += 1
    [value, *more] = event["multiValueHeaders"]["X-Origin-Verify"]
    if value == "broken":
        raise Exception("broken")
    if value == "unauthorized":
        raise Exception("Unauthorized")
    arn = event["methodArn"]
    resource = arn if value == "narrow" else "/".join(arn.split("/")[:2]) + "/*"
    effect = "Allow" if value in ("right", "narrow") and not more else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": "test",
        "context": {"calls": calls, "event": __import__("json").dumps(event)},
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
"""


def invocation_uri(function: str, streams: bool = False) -> str:
    """The URI with which API Gateway invokes a function."""
    operation = (
        "2021-11-15/functions/{}/response-streaming-invocations" if streams else "2015-03-31/functions/{}/invocations"
    )
    return f"arn:aws:apigateway:{REGION}:lambda:path/{operation.format(function)}"


def integration(function: str, streams: bool = False, **members) -> dict:
    """A Lambda proxy integration."""
    mode = {"responseTransferMode": "STREAM"} if streams else {}
    uri = invocation_uri(function, streams)
    return {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, **mode, **members}


def operation(integration: dict | None, security: str = "") -> dict:
    """An operation of a definition."""
    found = {"responses": {"default": {"description": "any"}}}
    if integration is not None:
        found["x-amazon-apigateway-integration"] = integration
    return {**found, "security": [{security: []}]} if security else found


def definition(paths: dict, **members) -> dict:
    """A definition with these paths."""
    return {"openapi": "3.0.1", "info": {"title": "test", "version": "1"}, "paths": paths, **members}


def guarded(function: str, ttl: int = 300, **members) -> dict:
    """The security scheme origin-key, of an authorizer that looks at a header."""
    extension = {
        "type": "request",
        "authorizerUri": invocation_uri(function),
        "identitySource": "method.request.header.X-Origin-Verify",
        "authorizerResultTtlInSeconds": ttl,
        **members,
    }
    scheme = {
        "type": "apiKey",
        "name": "Unused",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": extension,
    }
    return {"components": {"securitySchemes": {"origin-key": scheme}}}


class RestTest(CloudTest):
    """Tests of REST APIs."""

    @property
    def gateway(self):
        """A client of API Gateway."""
        return self.cloud.client("apigateway")

    def put(self, api: str, body, mode: str = "overwrite", strict: bool = True) -> dict:
        """Set the definition of an API."""
        return self.gateway.put_rest_api(restApiId=api, mode=mode, failOnWarnings=strict, body=json.dumps(body))

    def made(self, body: dict | None = None) -> str:
        """A regional API with a definition; returns its id."""
        api = self.gateway.create_rest_api(name="test", endpointConfiguration={"types": ["REGIONAL"]})["id"]
        if body is not None:
            self.put(api, body)
        return api

    def deployed(self, body: dict) -> str:
        """A regional API with a definition, deployed to the stage live; returns its id."""
        api = self.made(body)
        deployment = self.gateway.create_deployment(restApiId=api)["id"]
        self.gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
        return api

    def permit(self, function: str, source: str = "*", statement: str = "gateway") -> None:
        """Let API Gateway invoke a function; a source is the part of the ARN after the account."""
        self.cloud.client("lambda").add_permission(
            FunctionName=function,
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:000000000000:{source}",
        )

    def request(self, api: str, path: str = "/live/x", headers=(), method: str = "GET", body: bytes | None = None):
        """Send a request to an API; return status, headers and body of the response. headers may have names twice."""
        connection = self.opened(api, path, headers, method, body)
        try:
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def opened(self, api: str, path: str, headers=(), method: str = "GET", body: bytes | None = None):
        """Send a request to an API; return the connection, on which the response is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.cloud.api_port, timeout=20)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", f"{api}.execute-api.{REGION}.amazonaws.com")
        for name, value in dict(headers).items() if isinstance(headers, dict) else headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection
