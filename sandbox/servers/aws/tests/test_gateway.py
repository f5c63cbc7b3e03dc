"""HTTP APIs: names, authorizers, access logs, throttling."""

import json

from .harness import REGION, CloudTest, get, wait_for

ECHO = """
import json
def handle(event):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
# Authorizes the value its environment names and counts its calls in a file beside its code.
AUTHORIZER = """
import os
calls = 0
def handle(event):
    global calls
    calls += 1
    return {"isAuthorized": event["headers"]["x-origin-verify"] == os.environ["VALUE"], "context": {"calls": calls}}
"""
ACCESS_FORMAT = '{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status","agent":"$context.identity.userAgent"}'


class GatewayTest(CloudTest):
    options = ("--deploy-seconds", "0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        role = cls.cloud.role("functions")
        cls.echo = cls.cloud.function("echo", ECHO, role)
        cls.authorizer = cls.cloud.function(
            "authorizer", AUTHORIZER, role, Environment={"Variables": {"VALUE": "right"}}
        )

    def url(self, path: str = "/x") -> str:
        return f"http://127.0.0.1:{self.cloud.api_port}{path}"

    def guarded_api(self, ttl: int = 300) -> str:
        return self.cloud.api(
            self.echo,
            authorizer={
                "AuthorizerUri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{self.authorizer}/invocations",
                "IdentitySource": ["$request.header.x-origin-verify"],
                "AuthorizerResultTtlInSeconds": ttl,
            },
        )

    def test_the_endpoint_is_named_as_on_aws(self):
        api = self.cloud.api(self.echo)
        endpoint = self.cloud.client("apigatewayv2").get_api(ApiId=api)["ApiEndpoint"]
        self.assertEqual(endpoint, f"https://{api}.execute-api.{REGION}.amazonaws.com")
        status, body = get(self.url())
        self.assertEqual(
            (status, json.loads(body)["requestContext"]["domainName"]), (200, endpoint.removeprefix("https://"))
        )

    def test_the_api_port_serves_every_path(self):
        self.cloud.api(self.echo)
        for path in ("/health", "/_ministack/health", "/v2/apis", "/logout", "/a%2Fb?x=1&x=2"):
            status, body = get(self.url(path))
            self.assertEqual(status, 200, path)
            self.assertEqual(json.loads(body)["rawQueryString"], path.partition("?")[2])

    def test_the_authorizer_decides(self):
        self.guarded_api()
        self.assertEqual(
            [
                get(self.url(), headers)[0]
                for headers in ({}, {"x-origin-verify": "wrong"}, {"x-origin-verify": "right"})
            ],
            [401, 403, 200],
        )

    def test_resetting_the_cache_drops_results_and_keeps_the_stage(self):
        api = self.guarded_api()

        def calls() -> int:
            return json.loads(get(self.url(), {"x-origin-verify": "right"})[1])["requestContext"]["authorizer"][
                "lambda"
            ]["calls"]

        first = calls()
        self.assertEqual(calls(), first)
        self.cloud.client("apigatewayv2").reset_authorizers_cache(ApiId=api, StageName="$default")
        self.assertEqual(calls(), first + 1)

    def test_resetting_an_unknown_stages_cache_is_an_error(self):
        gateway = self.cloud.client("apigatewayv2")
        with self.assertRaises(gateway.exceptions.NotFoundException):
            gateway.reset_authorizers_cache(ApiId=self.guarded_api(), StageName="other")

    def test_a_request_authorizer_has_no_jwt_configuration(self):
        api = self.guarded_api()
        [authorizer] = self.cloud.client("apigatewayv2").get_authorizers(ApiId=api)["Items"]
        self.assertNotIn("JwtConfiguration", authorizer)

    def test_throttling(self):
        settings = {"ThrottlingBurstLimit": 3, "ThrottlingRateLimit": 0.01}
        api = self.cloud.api(self.echo, stage={"DefaultRouteSettings": settings})
        answers = [get(self.url()) for _ in range(5)]
        self.assertEqual([status for status, _ in answers], [200, 200, 200, 429, 429])
        self.assertEqual(json.loads(answers[-1][1]), {"message": "Too Many Requests"})
        self.cloud.client("apigatewayv2").update_stage(
            ApiId=api, StageName="$default", DefaultRouteSettings={**settings, "ThrottlingRateLimit": 1000}
        )
        self.assertEqual(get(self.url())[0], 200)

    def test_access_logs(self):
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="/access")
        destination = f"arn:aws:logs:{REGION}:000000000000:log-group:/access"
        self.cloud.api(
            self.echo,
            route="GET /x",
            stage={"AccessLogSettings": {"DestinationArn": destination, "Format": ACCESS_FORMAT}},
        )
        get(self.url(), {"User-Agent": 'quo"ted'})
        get(self.url("/missing"))
        events = wait_for(
            lambda: (found := logs.filter_log_events(logGroupName="/access")["events"]) and len(found) == 2 and found
        )
        first, second = (json.loads(event["message"]) for event in events)
        self.assertEqual((first["route"], first["status"], first["agent"]), ("GET /x", "200", 'quo"ted'))
        self.assertEqual((second["route"], second["status"]), ("-", "404"))
        self.assertRegex(first["id"], ".{16}")
