"""REST APIs: what their stages serve, and who is let in."""

import json
from datetime import datetime, timedelta, timezone

from .harness import REGION, get
from .rest import AUTHORIZER, ECHO, RestTest, definition, guarded, integration, operation

KEY = "X-Origin-Verify"


class RequestTest(RestTest):
    options = ("--deploy-seconds", "0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        role = cls.cloud.role("functions")
        cls.echo = cls.cloud.function("echo", ECHO, role)
        cls.authorizer = cls.cloud.function("authorizer", AUTHORIZER, role)
        for name in ("echo", "authorizer"):
            cls.permit(cls, name)

    def echoing(self, paths=("/x",), method: str = "get", **members) -> str:
        operations = {path: {method: operation(integration(self.echo))} for path in paths}
        return self.deployed(definition(operations, **members))

    def guarded(self, ttl: int = 300) -> str:
        one = operation(integration(self.echo), "origin-key")
        return self.deployed(definition({"/x": {"get": one}, "/y": {"get": one}}, **guarded(self.authorizer, ttl)))

    def answers(self, api: str, *values: str, path: str = "/live/x") -> list[int]:
        return [self.request(api, path, {KEY: value} if value else {})[0] for value in values]

    def calls(self, api: str) -> str:
        """How often the authorizer had been asked when it let this request in."""
        return json.loads(self.request(api, headers={KEY: "right"})[2])["requestContext"]["authorizer"]["calls"]

    def test_the_event(self):
        api = self.echoing(["/a/{id}/{proxy+}"], "x-amazon-apigateway-any-method")
        sent = [("X-Two", "1"), ("x-two", "2"), ("Connection", "close"), ("User-Agent", "test")]
        status, _, body = self.request(api, "/live/a/b%20c/d/e?q=1&q=2&r=", sent, "POST", b'{"x": 1}')
        event = json.loads(body)
        self.assertEqual(status, 200)
        self.assertEqual(
            {
                name: event[name]
                for name in ("resource", "path", "httpMethod", "pathParameters", "body", "isBase64Encoded")
            },
            {
                "resource": "/a/{id}/{proxy+}",
                "path": "/a/b%20c/d/e",
                "httpMethod": "POST",
                "pathParameters": {"id": "b c", "proxy": "d/e"},
                "body": '{"x": 1}',
                "isBase64Encoded": False,
            },
        )
        self.assertEqual((event["headers"]["X-Two"], event["multiValueHeaders"]["X-Two"]), ("2", ["1", "2"]))
        self.assertEqual(event["queryStringParameters"], {"q": "2", "r": ""})
        self.assertEqual(event["multiValueQueryStringParameters"], {"q": ["1", "2"], "r": [""]})
        self.assertEqual(event["headers"]["X-Forwarded-Proto"], "https")
        self.assertEqual(event["headers"]["X-Forwarded-For"], "127.0.0.1")
        self.assertNotIn("Connection", event["headers"])
        self.assertNotIn("version", event)
        self.assertIsNone(event["stageVariables"])
        context = event["requestContext"]
        host = f"{api}.execute-api.{REGION}.amazonaws.com"
        self.assertEqual(
            {
                name: context[name]
                for name in ("path", "stage", "resourcePath", "apiId", "domainName", "domainPrefix", "httpMethod")
            },
            {
                "path": "/live/a/b%20c/d/e",
                "stage": "live",
                "resourcePath": "/a/{id}/{proxy+}",
                "apiId": api,
                "domainName": host,
                "domainPrefix": api,
                "httpMethod": "POST",
            },
        )
        self.assertEqual((context["identity"]["sourceIp"], context["identity"]["userAgent"]), ("127.0.0.1", "test"))
        self.assertIn("cognitoIdentityId", context["identity"])
        self.assertNotIn("authorizer", context)

    def test_an_address_of_this_machine_selects_an_api_by_its_stage(self):
        self.echoing()
        newest = self.echoing()
        status, body = get(f"http://127.0.0.1:{self.cloud.api_port}/live/x", {})
        self.assertEqual((status, json.loads(body)["requestContext"]["apiId"]), (200, newest))
        status, body = get(f"http://127.0.0.1:{self.cloud.api_port}/another/x", {})
        self.assertEqual((status, body), (503, b"There is no HTTP API yet.\n"))

    def test_a_request_without_a_body(self):
        event = json.loads(self.request(self.echoing())[2])
        self.assertIsNone(event["body"])
        self.assertIsNone(event["queryStringParameters"])
        self.assertIsNone(event["pathParameters"])

    def test_the_event_of_an_authorizer(self):
        api = self.guarded()
        _, _, body = self.request(api, "/live/x?q=1", {KEY: "right"})
        authorizer = json.loads(body)["requestContext"]["authorizer"]
        self.assertEqual(authorizer["principalId"], "test")
        event = json.loads(authorizer["event"])
        self.assertEqual(event["type"], "REQUEST")
        self.assertEqual(event["methodArn"], f"arn:aws:execute-api:{REGION}:000000000000:{api}/live/GET/x")
        self.assertEqual((event["path"], event["resource"], event["pathParameters"]), ("/x", "/x", {}))
        self.assertEqual(event["multiValueHeaders"][KEY], ["right"])
        self.assertNotIn("body", event)
        self.assertNotIn("version", event)
        self.assertEqual(event["requestContext"]["path"], "/live/x")

    def test_routes(self):
        api = self.echoing(["/a", "/a/{id}", "/a/{id}/b", "/{proxy+}"])

        def resource(path: str, method: str = "GET"):
            status, _, body = self.request(api, path, method=method)
            return json.loads(body)["resource"] if status == 200 else status

        self.assertEqual(
            [resource(path) for path in ("/live/a", "/live/a/1", "/live/a/1/b", "/live/a/1/c", "/live/a/", "/live/z")],
            ["/a", "/a/{id}", "/a/{id}/b", "/{proxy+}", "/{proxy+}", "/{proxy+}"],
        )
        self.assertEqual([resource("/live"), resource("/live/"), resource("/live/a", "PUT")], [403, 403, 403])

    def test_any_method_is_one_of_seven(self):
        api = self.echoing(["/a/{proxy+}"], "x-amazon-apigateway-any-method")
        statuses = [
            self.request(api, "/live/a/b", method=method)[0] for method in ("GET", "HEAD", "DELETE", "PROPFIND")
        ]
        self.assertEqual(statuses, [200, 200, 200, 403])
        self.assertEqual([self.request(api, f"/live{path}")[0] for path in ("//a/b", "/a//b", "/a/")], [403, 200, 403])

    def test_an_unknown_path_lacks_an_authentication_token(self):
        api = self.echoing()
        status, headers, body = self.request(api, "/live/other", {"Authorization": "Bearer sk-test"})
        self.assertEqual((status, json.loads(body)), (403, {"message": "Missing Authentication Token"}))
        self.assertEqual(headers["x-amzn-ErrorType"], "MissingAuthenticationTokenException")

    def test_an_unknown_stage_is_forbidden(self):
        api = self.echoing()
        for path in ("/other/x", "/x", "/"):
            status, _, body = self.request(api, path)
            self.assertEqual((status, json.loads(body)), (403, {"message": "Forbidden"}), path)

    def test_every_response_has_ids(self):
        api = self.guarded()
        for headers in ({}, {KEY: "wrong"}, {KEY: "right"}):
            _, found, _ = self.request(api, headers=headers)
            self.assertRegex(found["x-amzn-RequestId"], "^[0-9a-f-]{36}$")
            self.assertTrue(found["x-amz-apigw-id"])
            self.assertRegex(found["X-Amzn-Trace-Id"], "^Root=1-")

    def test_headers_of_functions_are_renamed_and_dropped(self):
        source = """
def handle(event):
    return {"statusCode": 201, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "headers": {
        "Server": "mine", "Date": "now", "WWW-Authenticate": "Basic", "Via": "me", "X-Mine": "1", "x-amzn-requestid": "r"}}
"""
        renaming = self.cloud.function("renaming", source, self.cloud.role("renaming"))
        self.permit("renaming")
        api = self.deployed(definition({"/x": {"get": operation(integration(renaming))}}))
        status, headers, _ = self.request(api)
        self.assertEqual(status, 201)
        self.assertEqual(headers.get_all("set-cookie"), ["a=1", "b=2"])
        self.assertEqual(headers["x-amzn-Remapped-Server"], "mine")
        self.assertEqual(headers["x-amzn-Remapped-Date"], "now")
        self.assertEqual(headers["x-amzn-Remapped-WWW-Authenticate"], "Basic")
        self.assertEqual(headers["x-mine"], "1")
        self.assertNotEqual(headers["x-amzn-requestid"], "r")
        for name in ("via", "www-authenticate"):
            self.assertNotIn(name, headers)

    def test_a_change_is_live_with_its_deployment(self):
        api = self.echoing()
        self.put(api, definition({"/y": {"get": operation(integration(self.echo))}}))
        self.assertEqual([self.request(api, f"/live/{path}")[0] for path in "xy"], [200, 403])
        deployment = self.gateway.create_deployment(restApiId=api)["id"]
        patch = {"op": "replace", "path": "/deploymentId", "value": deployment}
        self.gateway.update_stage(restApiId=api, stageName="live", patchOperations=[patch])
        self.assertEqual([self.request(api, f"/live/{path}")[0] for path in "xy"], [403, 200])

    def test_the_authorizer_decides(self):
        api = self.guarded()
        self.assertEqual(self.answers(api, "", "wrong", "right", "unauthorized", "broken"), [401, 403, 200, 401, 500])

    def test_a_missing_identity_source_asks_no_authorizer(self):
        api = self.guarded()
        first = int(self.calls(api))
        status, headers, body = self.request(api)
        self.assertEqual((status, json.loads(body)), (401, {"message": "Unauthorized"}))
        self.assertEqual(headers["x-amzn-ErrorType"], "UnauthorizedException")
        self.assertEqual(self.answers(api, ""), [401])
        self.flush(api)
        self.assertEqual(int(self.calls(api)), first + 1)

    def flush(self, api: str) -> None:
        self.gateway.flush_stage_authorizers_cache(restApiId=api, stageName="live")

    def test_results_are_cached_until_the_cache_is_flushed(self):
        api = self.guarded()
        first = self.calls(api)
        self.assertEqual(self.calls(api), first)
        self.flush(api)
        self.assertEqual(int(self.calls(api)), int(first) + 1)

    def test_the_cache_goes_with_its_stage(self):
        api = self.guarded()
        first = self.calls(api)
        deployment = self.gateway.get_stage(restApiId=api, stageName="live")["deploymentId"]
        self.gateway.delete_stage(restApiId=api, stageName="live")
        self.gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
        self.assertEqual(int(self.calls(api)), int(first) + 1)

    def test_stages_have_caches_of_their_own(self):
        api = self.guarded()
        first = int(self.calls(api))
        deployment = self.gateway.get_stage(restApiId=api, stageName="live")["deploymentId"]
        self.gateway.create_stage(restApiId=api, stageName="test", deploymentId=deployment)
        self.assertEqual(self.answers(api, "right", path="/test/x"), [200])
        self.flush(api)
        self.assertEqual(int(self.calls(api)), first + 2)

    def test_without_a_ttl_nothing_is_cached(self):
        api = self.guarded(ttl=0)
        self.assertEqual(int(self.calls(api)) + 1, int(self.calls(api)))

    def test_failures_are_not_cached(self):
        api = self.guarded()
        first = int(self.calls(api))
        self.assertEqual(self.answers(api, "broken", "broken"), [500, 500])
        self.flush(api)
        self.assertEqual(int(self.calls(api)), first + 3)

    def test_a_cached_policy_for_one_method_denies_the_others(self):
        api = self.guarded()
        self.assertEqual(self.answers(api, "narrow"), [200])
        self.assertEqual(self.answers(api, "narrow", path="/live/y"), [403])
        self.flush(api)
        self.assertEqual(self.answers(api, "narrow", path="/live/y"), [200])

    def test_a_header_that_is_sent_twice_is_another_value(self):
        api = self.guarded()
        self.assertEqual(self.answers(api, "right"), [200])
        self.assertEqual(self.request(api, headers=[(KEY, "right"), (KEY, "right")])[0], 403)
        self.assertEqual(self.answers(api, "right"), [200])

    def test_flushing_an_unknown_stage_is_an_error(self):
        with self.assertRaises(self.gateway.exceptions.NotFoundException):
            self.gateway.flush_stage_authorizers_cache(restApiId=self.guarded(), stageName="other")

    def test_flushing_requires_the_permission_for_the_stage(self):
        api = self.guarded()
        cache = f"arn:aws:apigateway:{REGION}::/restapis/{api}/stages/live/cache/authorizers"
        user = self.cloud.client("iam")
        user.create_user(UserName="flusher")
        key = user.create_access_key(UserName="flusher")["AccessKey"]
        gateway = self.cloud.client("apigateway", key["AccessKeyId"], key["SecretAccessKey"])

        def flush_with_permission_for(resource: str) -> None:
            statement = {"Effect": "Allow", "Action": "apigateway:DELETE", "Resource": resource}
            policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
            user.put_user_policy(UserName="flusher", PolicyName="flush", PolicyDocument=policy)
            gateway.flush_stage_authorizers_cache(restApiId=api, stageName="live")

        with self.assertRaisesRegex(Exception, "not authorized to perform: apigateway:DELETE"):
            flush_with_permission_for(cache.replace("/live/", "/test/"))
        flush_with_permission_for(cache)

    def test_metrics(self):
        api = self.echoing()
        name = f"metrics-of-{api}"
        patch = {"op": "replace", "path": "/name", "value": name}
        self.gateway.update_rest_api(restApiId=api, patchOperations=[patch])
        for path in ("/live/x", "/live/x", "/live/other"):
            self.request(api, path)
        now = datetime.now(timezone.utc)

        def total(metric: str, *dimensions: tuple[str, str]) -> float:
            found = self.cloud.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/ApiGateway",
                MetricName=metric,
                Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
                StartTime=now - timedelta(minutes=5),
                EndTime=now + timedelta(minutes=5),
                Period=3600,
                Statistics=["Sum"],
            )
            return sum(point["Sum"] for point in found["Datapoints"])

        staged = (("ApiName", name), ("Stage", "live"))
        self.assertEqual([total(metric, *staged) for metric in ("Count", "4XXError", "5XXError")], [3, 1, 0])
        self.assertEqual(total("Count", ("ApiName", name)), 3)
        self.assertGreater(total("Latency", *staged), 0)

    def test_throttling(self):
        api = self.echoing()
        for path, value in (("/*/*/throttling/rateLimit", "0.01"), ("/*/*/throttling/burstLimit", "3")):
            patch = {"op": "replace", "path": path, "value": value}
            self.gateway.update_stage(restApiId=api, stageName="live", patchOperations=[patch])
        answers = [self.request(api) for _ in range(5)]
        self.assertEqual([status for status, _, _ in answers], [200, 200, 200, 429, 429])
        self.assertEqual(json.loads(answers[-1][2]), {"message": "Too Many Requests"})

    def test_throttling_by_the_defaults_of_terraform_is_none(self):
        api = self.echoing()
        for name in ("rateLimit", "burstLimit"):
            patch = {"op": "replace", "path": f"/*/*/throttling/{name}", "value": "-1"}
            self.gateway.update_stage(restApiId=api, stageName="live", patchOperations=[patch])
        self.assertEqual(self.request(api)[0], 200)

    def test_gateway_responses_are_those_of_the_deployment(self):
        template = {"application/json": '{"type":"$context.error.responseType","id":"$context.requestId"}'}
        kind = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        custom = {
            "MISSING_AUTHENTICATION_TOKEN": {
                "statusCode": 404,
                "responseParameters": kind,
                "responseTemplates": template,
            },
            "DEFAULT_4XX": {"responseTemplates": {"application/json": '{"other":$context.error.messageString}'}},
        }
        api = self.echoing(method="post", **{"x-amazon-apigateway-gateway-responses": custom})
        status, headers, body = self.request(api, "/live/other")
        self.assertEqual((status, headers["content-type"]), (404, "application/problem+json"))
        self.assertEqual(json.loads(body), {"type": "MISSING_AUTHENTICATION_TOKEN", "id": headers["x-amzn-requestid"]})
        status, _, body = self.request(api, method="POST", body=b"x" * (7 * 1024 * 1024))
        self.assertEqual((status, json.loads(body)), (413, {"other": "Request Too Long"}))

    def test_a_throttled_function_is_a_failure_of_the_integration(self):
        busy = self.cloud.function("busy", ECHO, self.cloud.role("busy"))
        self.permit("busy")
        self.cloud.client("lambda").put_function_concurrency(FunctionName="busy", ReservedConcurrentExecutions=0)
        custom = {"INTEGRATION_FAILURE": {"statusCode": 503}, "DEFAULT_5XX": {"statusCode": 599}}
        paths = {"/x": {"get": operation(integration(busy))}}
        for members, wanted in (({}, 500), ({"x-amazon-apigateway-gateway-responses": custom}, 503)):
            status, _, body = self.request(self.deployed(definition(paths, **members)))
            self.assertEqual((status, json.loads(body)), (wanted, {"message": "Internal server error"}))

    def test_a_request_beyond_ten_megabytes_is_too_large(self):
        api = self.echoing(method="post")
        status, _, body = self.request(api, method="POST", body=b"x" * (10 * 1024 * 1024 + 1))
        self.assertEqual((status, body), (413, b"HTTP content length exceeded 10485760 bytes."))

    def test_an_event_beyond_six_megabytes_is_too_large(self):
        api = self.echoing(method="post")
        status, _, body = self.request(api, method="POST", body=b"x" * (7 * 1024 * 1024))
        self.assertEqual((status, json.loads(body)), (413, {"message": "Request Too Long"}))

    def test_a_failed_function_is_a_502_that_does_not_say_why(self):
        sources = {
            "raising": 'raise Exception("secret")',
            "shapeless": 'return {"message": "secret"}',
            "textual": 'return "secret"',
        }
        for name, line in sources.items():
            with self.subTest(name):
                function = self.cloud.function(name, f"def handle(event):\n    {line}\n", self.cloud.role(name))
                self.permit(name)
                api = self.deployed(definition({"/x": {"get": operation(integration(function))}}))
                status, _, body = self.request(api)
                self.assertEqual((status, json.loads(body)), (502, {"message": "Internal server error"}))

    def test_a_slow_function_is_a_504(self):
        source = "import time\ndef handle(event):\n    time.sleep(2)\n    return {'statusCode': 200}\n"
        function = self.cloud.function("slow", source, self.cloud.role("slow"))
        self.permit("slow")
        api = self.deployed(definition({"/x": {"get": operation(integration(function, timeoutInMillis=100))}}))
        status, _, body = self.request(api)
        self.assertEqual((status, json.loads(body)), (504, {"message": "Endpoint request timed out"}))

    def test_a_function_must_permit_its_invocation(self):
        function = self.cloud.function("guarded", ECHO, self.cloud.role("guarded"))
        paths = {"/x/{proxy+}": {"x-amazon-apigateway-any-method": operation(integration(function))}}
        api = self.deployed(definition(paths))

        def status() -> int:
            return self.request(api, "/live/x/y", method="POST", body=b"{}")[0]

        self.assertEqual(status(), 500)
        for number, source in enumerate(("other/*", f"{api}/test/*", f"{api}/live/GET/x/*", f"{api}/live/*/y/*")):
            self.permit("guarded", source, f"wrong-{number}")
            self.assertEqual(status(), 500, source)
        self.permit("guarded", f"{api}/live/*/x/*")
        self.assertEqual(status(), 200)

    def test_an_authorizer_must_permit_its_invocation(self):
        name = "guarded-authorizer"
        function = self.cloud.function(name, AUTHORIZER, self.cloud.role(name))
        one = operation(integration(self.echo), "origin-key")
        api = self.deployed(definition({"/x": {"get": one}}, **guarded(function)))
        self.assertEqual(self.answers(api, "right"), [500])
        self.permit(name, f"{api}/live/*", "wrong")
        self.assertEqual(self.answers(api, "right"), [500])
        self.permit(name, f"{api}/authorizers/*")
        self.assertEqual(self.answers(api, "right"), [200])

    def test_faults_hit_calls_by_their_names(self):
        api = self.guarded()
        for action, call in (
            ("PutRestApi", lambda: self.put(api, definition({}))),
            ("CreateDeployment", lambda: self.gateway.create_deployment(restApiId=api)),
            ("UpdateStage", lambda: self.gateway.update_stage(restApiId=api, stageName="live", patchOperations=[])),
            ("FlushStageAuthorizersCache", lambda: self.flush(api)),
        ):
            with self.subTest(action):
                fault = {"service": "apigateway", "action": action, "mode": "error-before", "times": 1}
                self.cloud.control("faults", [fault])
                with self.assertRaisesRegex(Exception, "Injected by the sandbox"):
                    call()
        self.cloud.control("faults", [])
