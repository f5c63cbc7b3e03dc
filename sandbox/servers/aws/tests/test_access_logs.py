"""Access logs of HTTP APIs: the variables, and which have a value."""

import json

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest, get, wait_for

ECHO = """
def handle(event):
    return {"statusCode": 418 if event["rawPath"] == "/teapot" else 200, "body": "hello"}
"""
AUTHORIZER = """
def handle(event):
    if event["headers"]["x-origin-verify"] == "broken":
        raise ValueError("no ring")
    return {"isAuthorized": event["headers"]["x-origin-verify"] == "right", "context": {"originKey": "key-1"}}
"""
FIELDS = {
    "id": "requestId",
    "route": "routeKey",
    "status": "status",
    "latency": "responseLatency",
    "integration": "integrationStatus",
    "integrationLatency": "integrationLatency",
    "function": "integration.status",
    "key": "authorizer.originKey",
    "authorizerError": "authorizer.error",
    "error": "error.message",
}
FORMAT = json.dumps({field: f"$context.{variable}" for field, variable in FIELDS.items()})


def settings(text: str) -> dict:
    return {
        "AccessLogSettings": {"DestinationArn": f"arn:aws:logs:{REGION}:000000000000:log-group:/log", "Format": text}
    }


class AccessLogTest(CloudTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        role = cls.cloud.role("functions")
        cls.cloud.client("logs").create_log_group(logGroupName="/log")
        authorizer = cls.cloud.function("authorizer", AUTHORIZER, role)
        cls.api = cls.cloud.api(
            cls.cloud.function("echo", ECHO, role),
            stage=settings(FORMAT),
            authorizer={
                "AuthorizerUri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{authorizer}/invocations",
                "IdentitySource": ["$request.header.x-origin-verify"],
                "AuthorizerResultTtlInSeconds": 300,
            },
        )

    def logged(self, path: str, value: str) -> dict:
        """Return the log line of a request."""
        before = len(self.lines())
        get(f"http://127.0.0.1:{self.cloud.api_port}{path}", {"x-origin-verify": value} if value else {})
        return json.loads(wait_for(lambda: len(found := self.lines()) > before and found)[-1]["message"])

    def lines(self) -> list[dict]:
        return self.cloud.client("logs").filter_log_events(logGroupName="/log")["events"]

    def test_a_request_that_is_accepted(self):
        for _ in range(2):  # the second is authorized from the cache
            line = self.logged("/teapot", "right")
            wanted = {"status": "418", "integration": "200", "function": "418", "key": "key-1", "error": "-"}
            self.assertEqual({name: line[name] for name in wanted}, wanted)
            self.assertEqual(line["authorizerError"], "-")
            self.assertGreaterEqual(int(line["latency"]), int(line["integrationLatency"]))

    def test_a_request_that_is_rejected(self):
        for value, status, error, of_authorizer in (
            ("", "401", "Unauthorized", "-"),
            ("wrong", "403", "Forbidden", "-"),
            ("broken", "500", "Internal Server Error", "The authorizer failed."),
        ):
            line = self.logged("/x", value)
            self.assertEqual(
                (line["status"], line["error"], line["authorizerError"]), (status, error, of_authorizer), value
            )
            self.assertEqual((line["integration"], line["integrationLatency"], line["key"]), ("-", "-", "-"))

    def test_a_format_has_the_variables_of_http_apis(self):
        gateway = self.cloud.client("apigatewayv2")
        for variable in ("authorizer.latency", "authorizer.status", "xrayTraceId", "waf.status", "authorizer.a.b"):
            for change in (
                lambda text: gateway.create_stage(ApiId=self.api, StageName="other", **settings(text)),
                lambda text: gateway.update_stage(ApiId=self.api, StageName="$default", **settings(text)),
            ):
                with self.assertRaises(ClientError, msg=variable) as refused:
                    change(f"$context.requestId $context.{variable}")
                self.assertIn(f"do not have: $context.{variable}", refused.exception.response["Error"]["Message"])
        gateway.create_stage(
            ApiId=self.api,
            StageName="more",
            **settings("$context.requestId $context.authorizer.claims.sub $context.identity.clientCert.subjectDN"),
        )
