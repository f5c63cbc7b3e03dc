"""REST APIs: their definitions, deployments and stages, and what API Gateway refuses."""

import json

from .harness import REGION
from .rest import RestTest, definition, guarded, integration, invocation_uri, operation

FUNCTION = f"arn:aws:lambda:{REGION}:000000000000:function:f"
STREAMED = integration(FUNCTION, streams=True, timeoutInMillis=304_000)


class DefinitionTest(RestTest):
    def refusal(self, body, **options) -> str:
        """The message with which a definition is refused."""
        with self.assertRaises(self.gateway.exceptions.BadRequestException) as refused:
            self.put(self.made(), body, **options)
        return refused.exception.response["Error"]["Message"]

    def refused_integration(self, **members) -> str:
        return self.refusal(definition({"/x": {"get": operation({**STREAMED, **members})}}))

    def test_a_definition_becomes_resources_methods_and_authorizers(self):
        security = guarded(FUNCTION, ttl=60)
        paths = {"/api/chat/{proxy+}": {"x-amazon-apigateway-any-method": operation(STREAMED, "origin-key")}}
        api = self.made(definition(paths, **security))
        [authorizer] = self.gateway.get_authorizers(restApiId=api)["items"]
        self.assertEqual(
            (authorizer["type"], authorizer["identitySource"], authorizer["authorizerResultTtlInSeconds"]),
            ("REQUEST", "method.request.header.X-Origin-Verify", 60),
        )
        resources = {one["path"]: one for one in self.gateway.get_resources(restApiId=api)["items"]}
        self.assertEqual(set(resources), {"/", "/api", "/api/chat", "/api/chat/{proxy+}"})
        method = self.gateway.get_method(
            restApiId=api, resourceId=resources["/api/chat/{proxy+}"]["id"], httpMethod="ANY"
        )
        self.assertEqual((method["authorizationType"], method["authorizerId"]), ("CUSTOM", authorizer["id"]))
        stored = method["methodIntegration"]
        self.assertEqual((stored["type"], stored["timeoutInMillis"]), ("AWS_PROXY", 304_000))
        self.assertEqual(self.gateway.get_rest_api(restApiId=api)["name"], "test")

    def test_the_transfer_mode_is_stored(self):
        # Older SDKs don't know the member.
        api = self.made(definition({"/x": {"get": operation(STREAMED)}}))
        [resource] = [one for one in self.gateway.get_resources(restApiId=api)["items"] if one["path"] == "/x"]
        path = f"/restapis/{api}/resources/{resource['id']}/methods/GET/integration"
        self.assertEqual(self.signed_get(path)["responseTransferMode"], "STREAM")

    def signed_get(self, path: str) -> dict:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        from .harness import get

        url = f"http://127.0.0.1:{self.cloud.port}{path}"
        request = AWSRequest("GET", url)
        SigV4Auth(Credentials("test", "test"), "apigateway", REGION).add_auth(request)
        return json.loads(get(url, dict(request.headers.items()))[1])

    def test_an_operation_without_security_has_no_authorizer(self):
        security = guarded(FUNCTION)
        body = definition({"/x": {"get": operation(STREAMED)}}, security=[{"origin-key": []}], **security)
        api = self.made(body)
        [resource] = [one for one in self.gateway.get_resources(restApiId=api)["items"] if one["path"] == "/x"]
        method = self.gateway.get_method(restApiId=api, resourceId=resource["id"], httpMethod="GET")
        self.assertEqual(method["authorizationType"], "NONE")

    def test_overwriting_removes_what_the_definition_lacks(self):
        security = guarded(FUNCTION)
        both = {"/x": {"get": operation(STREAMED, "origin-key")}, "/y/z": {"get": operation(STREAMED)}}
        responses = {"x-amazon-apigateway-gateway-responses": {"UNAUTHORIZED": {"statusCode": "418"}}}
        api = self.made(definition(both, **security, **responses))
        before = {one["path"]: one["id"] for one in self.gateway.get_resources(restApiId=api)["items"]}
        self.put(api, definition({"/y": {"post": operation(STREAMED)}}), mode="overwrite")
        after = {one["path"]: one for one in self.gateway.get_resources(restApiId=api)["items"]}
        self.assertEqual(set(after), {"/", "/y"})
        self.assertEqual(after["/y"]["id"], before["/y"])
        self.assertEqual(self.gateway.get_authorizers(restApiId=api)["items"], [])
        response = self.gateway.get_gateway_response(restApiId=api, responseType="UNAUTHORIZED")
        self.assertTrue(response["defaultResponse"])

    def test_merging_keeps_what_the_definition_lacks(self):
        api = self.made(definition({"/x": {"get": operation(STREAMED)}}))
        self.put(api, definition({"/y": {"get": operation(STREAMED)}}), mode="merge")
        paths = {one["path"] for one in self.gateway.get_resources(restApiId=api)["items"]}
        self.assertEqual(paths, {"/", "/x", "/y"})

    def test_a_refused_definition_changes_nothing(self):
        api = self.made(definition({"/x": {"get": operation(STREAMED)}}))
        before = self.gateway.get_resources(restApiId=api)["items"]
        with self.assertRaises(self.gateway.exceptions.BadRequestException):
            self.put(api, definition({"/y": {"get": operation({**STREAMED, "type": "aws"})}}))
        self.assertEqual(self.gateway.get_resources(restApiId=api)["items"], before)

    def test_an_import_makes_an_api(self):
        body = json.dumps(definition({"/x": {"get": operation(STREAMED)}}))
        made = self.gateway.import_rest_api(failOnWarnings=True, body=body)
        self.assertEqual(made["name"], "test")
        self.assertEqual(made["endpointConfiguration"]["types"], ["EDGE"])

    def test_definitions_in_yaml(self):
        body = f"""
openapi: "3.0.1"
info: {{title: yaml, version: "1"}}
paths:
  /x:
    get:
      responses: {{default: {{description: any}}}}
      x-amazon-apigateway-integration: {json.dumps(STREAMED)}
"""
        api = self.made()
        found = self.gateway.put_rest_api(restApiId=api, mode="overwrite", failOnWarnings=True, body=body)
        self.assertEqual(found["name"], "yaml")

    def test_the_transfer_mode_must_fit_the_operation_of_lambda(self):
        self.assertIn(
            "Errors found during import:\n\tUnable to put integration on 'GET' for resource at path '/x': Invalid "
            "ResponseTransferMode. Cannot use ResponseTransferMode STREAM for Lambda functions invoked by Invoke for "
            "AWS_PROXY integrations.",
            self.refused_integration(uri=invocation_uri(FUNCTION)),
        )
        self.assertIn(
            "Cannot use ResponseTransferMode BUFFERED for Lambda functions invoked by InvokeWithResponseStream",
            self.refused_integration(responseTransferMode="BUFFERED", timeoutInMillis=29_000),
        )

    def test_only_proxies_stream(self):
        self.assertIn("HTTP_PROXY and AWS_PROXY integrations only", self.refused_integration(type="aws"))
        self.assertIn("Must be one of BUFFERED or STREAM", self.refused_integration(responseTransferMode="CHUNKED"))

    def test_timeouts_fit_the_transfer_mode(self):
        self.assertIn(
            "Timeout should be between 50 ms and 900000 ms", self.refused_integration(timeoutInMillis=900_001)
        )
        self.assertIn("Timeout should be between 50 ms and 900000 ms", self.refused_integration(timeoutInMillis=49))
        buffered = integration(FUNCTION, timeoutInMillis=29_001)
        message = self.refusal(definition({"/x": {"get": operation(buffered)}}))
        self.assertIn("Timeout should be between 50 ms and 29000 ms", message)

    def test_uris_of_integrations(self):
        for uri, message in (
            (FUNCTION, "AWS ARN for integration must contain path or action"),
            ("https://example.com", "Invalid ARN specified in the request"),
            (invocation_uri("f", streams=True), "Invalid function ARN or invalid uri"),
            (f"arn:aws:apigateway:{REGION}:sqs:path/000000000000/q", "only supports Lambda function"),
        ):
            with self.subTest(uri):
                self.assertIn(message, self.refused_integration(uri=uri))
        self.assertIn("HttpMethod must be non-empty", self.refused_integration(httpMethod=""))
        self.assertIn("invoked with the method POST", self.refused_integration(httpMethod="GET"))

    def test_authorizers_of_definitions(self):
        for members, message in (
            ({"authorizerUri": FUNCTION}, f"Invalid Authorizer URI: {FUNCTION}."),
            ({"authorizerUri": invocation_uri(FUNCTION, streams=True)}, "Invalid Authorizer URI"),
            ({"authorizerResultTtlInSeconds": 3601}, "must be between 0 and 3600 seconds"),
            ({"identitySource": ""}, "Identity source is required when caching is enabled"),
            ({"identitySource": "$request.header.x"}, "Invalid mapping expression"),
            ({"type": "simple"}, "Invalid authorizer type"),
        ):
            with self.subTest(message):
                body = definition({"/x": {"get": operation(STREAMED, "origin-key")}}, **guarded(FUNCTION, **members))
                self.assertIn(message, self.refusal(body))

    def test_warnings_refuse_where_they_are_to(self):
        unknown = definition({"/x": {"get": operation(STREAMED, "origin-key")}})
        self.assertEqual(
            self.refusal(unknown),
            "Warnings found during import:\n\tUnable to find security definition 'origin-key' of method 'GET' for "
            "resource at path '/x'",
        )
        accepted = self.put(self.made(), unknown, strict=False)
        self.assertEqual(len(accepted["warnings"]), 1)
        for body, message in (
            (definition({"/x": {"get": {"x-amazon-apigateway-integration": STREAMED}}}), "(get).responses is missing"),
            (
                definition({"/x": {"get": operation({**STREAMED, "transferMode": "x"})}}),
                "unexpected attribute transferMode",
            ),
            (definition({"/x": {"any": operation(STREAMED)}}), "paths.'/x'(any) is unexpected"),
            (
                definition({}, **{"x-amazon-apigateway-other": {}}),
                "extension x-amazon-apigateway-other is not supported",
            ),
            ({"openapi": "3.0.1", "info": {"version": "1"}, "paths": {}}, "attribute info.title is missing"),
        ):
            with self.subTest(message):
                self.assertIn(message, self.refusal(body))

    def test_a_scheme_without_its_extension_leaves_its_methods_out(self):
        scheme = {"type": "apiKey", "name": "x", "in": "header", "x-amazon-apigateway-authtype": "custom"}
        paths = {"/x": {"get": operation(STREAMED, "key"), "post": operation(STREAMED)}}
        body = definition(paths, components={"securitySchemes": {"key": scheme}})
        self.assertIn("Extension x-amazon-apigateway-authorizer is required", self.refusal(body))
        api = self.made()
        self.put(api, body, strict=False)
        [resource] = [one for one in self.gateway.get_resources(restApiId=api)["items"] if one["path"] == "/x"]
        self.assertEqual(list(resource["resourceMethods"]), ["POST"])

    def test_paths(self):
        for paths, message in (
            (("x",), "must start with /"),
            (("/{proxy+}/x",), "Cannot create a child of a resource with a greedy path variable"),
            (("/a b",), "Resource's path part only allow"),
            (("/{a}/x", "/{b}"), "A sibling ({a}) of this resource already has a variable path part"),
        ):
            with self.subTest(paths):
                self.assertIn(message, self.refusal(definition({path: {"get": operation(STREAMED)} for path in paths})))

    def test_other_definitions_are_refused(self):
        for body in ({"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}, [], "no object"):
            with self.subTest(body):
                self.assertEqual(self.refusal(body), "Errors found during import:\n\tInvalid OpenAPI input.")
        self.assertIn("Invalid mode specified", self.refusal(definition({}), mode="replace"))

    def test_gateway_responses_of_definitions(self):
        for responses, message in (
            ({"OTHER": {}}, "Invalid gateway response type: OTHER"),
            ({"THROTTLED": {"statusCode": 999}}, "Invalid status code specified"),
            (
                {"THROTTLED": {"responseParameters": {"gatewayresponse.header.x": "plain"}}},
                "Invalid mapping expression",
            ),
        ):
            with self.subTest(message):
                body = definition({}, **{"x-amazon-apigateway-gateway-responses": responses})
                self.assertIn(message, self.refusal(body))

    def test_integrations_and_authorizers_are_checked_one_by_one_too(self):
        api = self.made()
        [root] = self.gateway.get_resources(restApiId=api)["items"]
        self.gateway.put_method(restApiId=api, resourceId=root["id"], httpMethod="GET", authorizationType="NONE")
        put = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET", "type": "AWS_PROXY"}
        uri = invocation_uri(FUNCTION)
        with self.assertRaisesRegex(self.gateway.exceptions.BadRequestException, "Timeout should be between"):
            self.gateway.put_integration(**put, integrationHttpMethod="POST", uri=uri, timeoutInMillis=30_000)
        self.gateway.put_integration(**put, integrationHttpMethod="POST", uri=uri)
        patch = {"op": "replace", "path": "/timeoutInMillis", "value": "30000"}
        with self.assertRaisesRegex(self.gateway.exceptions.BadRequestException, "Timeout should be between"):
            self.gateway.update_integration(
                restApiId=api, resourceId=root["id"], httpMethod="GET", patchOperations=[patch]
            )
        with self.assertRaisesRegex(self.gateway.exceptions.BadRequestException, "Invalid Authorizer URI"):
            self.gateway.create_authorizer(
                restApiId=api,
                name="a",
                type="REQUEST",
                authorizerUri=FUNCTION,
                identitySource="method.request.header.x",
            )


class SettingsTest(RestTest):
    def patched(self, api: str, *patches: tuple[str, str, str]) -> dict:
        operations = [{"op": op, "path": path, "value": value} for op, path, value in patches]
        return self.gateway.update_rest_api(restApiId=api, patchOperations=operations)

    def test_patches_have_strings_for_values_of_any_kind(self):
        api = self.gateway.create_rest_api(name="a")["id"]
        found = self.patched(
            api,
            ("replace", "/name", "b"),
            ("replace", "/disableExecuteApiEndpoint", "true"),
            ("replace", "/minimumCompressionSize", "5"),
            ("replace", "/endpointConfiguration/types/EDGE", "REGIONAL"),
            ("add", "/binaryMediaTypes/image~1png", ""),
        )
        self.assertEqual(
            (found["name"], found["disableExecuteApiEndpoint"], found["minimumCompressionSize"]), ("b", True, 5)
        )
        self.assertEqual(
            (found["endpointConfiguration"]["types"], found["binaryMediaTypes"]), (["REGIONAL"], ["image/png"])
        )
        found = self.patched(
            api, ("replace", "/disableExecuteApiEndpoint", "false"), ("remove", "/binaryMediaTypes/image~1png", "")
        )
        self.assertEqual((found["disableExecuteApiEndpoint"], found.get("binaryMediaTypes")), (False, []))

    def test_unknown_patches_are_refused(self):
        api = self.gateway.create_rest_api(name="a")["id"]
        for path, value in (
            ("/other", "x"),
            ("/disableExecuteApiEndpoint", "no"),
            ("/minimumCompressionSize", "-1"),
            ("/endpointConfiguration/types/EDGE", "GLOBAL"),
        ):
            with self.subTest(path), self.assertRaises(self.gateway.exceptions.BadRequestException):
                self.patched(api, ("replace", path, value))

    def test_a_disabled_endpoint_serves_nothing(self):
        mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
        api = self.deployed(definition({"/x": {"get": operation(mock)}}))
        self.assertEqual(self.request(api)[0], 200)
        self.patched(api, ("replace", "/disableExecuteApiEndpoint", "true"))
        self.assertEqual(self.request(api)[0], 403)


class StageTest(RestTest):
    def setUp(self):
        self.api = self.made(definition({"/x/{proxy+}": {"x-amazon-apigateway-any-method": operation(STREAMED)}}))

    def stage(self) -> str:
        deployment = self.gateway.create_deployment(restApiId=self.api)["id"]
        self.gateway.create_stage(restApiId=self.api, stageName="live", deploymentId=deployment)
        return deployment

    def patch(self, path: str, value: str = "", op: str = "replace") -> dict:
        return self.gateway.update_stage(
            restApiId=self.api, stageName="live", patchOperations=[{"op": op, "path": path, "value": value}]
        )

    def refused(self, message: str):
        return self.assertRaisesRegex(self.gateway.exceptions.BadRequestException, message)

    def test_a_deployment_requires_methods_with_integrations(self):
        with self.refused("The REST API doesn't contain any methods"):
            self.gateway.create_deployment(restApiId=self.made())
        with self.refused("No integration defined for method"):
            self.gateway.create_deployment(restApiId=self.made(definition({"/x": {"get": operation(None)}})))

    def test_stages_are_checked(self):
        deployment = self.stage()
        with self.assertRaises(self.gateway.exceptions.ConflictException):
            self.gateway.create_stage(restApiId=self.api, stageName="live", deploymentId=deployment)
        with self.refused("Stage name only allows"):
            self.gateway.create_stage(restApiId=self.api, stageName="a.b", deploymentId=deployment)
        with self.refused("Deployment id does not exist"):
            self.gateway.create_stage(restApiId=self.api, stageName="other", deploymentId="none")
        with self.refused("Deployment id does not exist"):
            self.patch("/deploymentId", "none")
        with self.refused("Active stages pointing to this deployment must be moved or deleted"):
            self.gateway.delete_deployment(restApiId=self.api, deploymentId=deployment)
        self.gateway.delete_stage(restApiId=self.api, stageName="live")
        self.gateway.delete_deployment(restApiId=self.api, deploymentId=deployment)

    def test_settings_of_methods_are_patches_of_the_stage(self):
        self.stage()
        self.patch("/*/*/throttling/rateLimit", "7.5")
        self.patch("/*/*/throttling/burstLimit", "9")
        self.patch("/*/*/metrics/enabled", "true")
        self.patch("/*/*/logging/loglevel", "OFF")
        self.patch("/~1x~1{proxy+}/ANY/throttling/burstLimit", "3")
        settings = self.gateway.get_stage(restApiId=self.api, stageName="live")["methodSettings"]
        self.assertEqual((settings["*/*"]["throttlingRateLimit"], settings["*/*"]["throttlingBurstLimit"]), (7.5, 9))
        self.assertTrue(settings["*/*"]["metricsEnabled"])
        self.patch("/*/*", op="remove")
        settings = self.gateway.get_stage(restApiId=self.api, stageName="live")["methodSettings"]
        self.assertEqual(list(settings), ["/x/{proxy+}/ANY"])

    def test_unknown_patches_are_refused(self):
        self.stage()
        for path in ("/other", "/*/*/metrics/other", "/methodSettings/*/*"):
            with self.subTest(path), self.refused("Invalid method setting path"):
                self.patch(path, "true")
        with self.refused("there is no such method"):
            self.patch("/~1other/GET/metrics/enabled", "true")
        with self.refused("Invalid logging level"):
            self.patch("/*/*/logging/loglevel", "DEBUG")

    def test_logs_require_the_accounts_role(self):
        self.stage()
        destination = f"arn:aws:logs:{REGION}:000000000000:log-group:/access"
        for path, value in (
            ("/*/*/logging/loglevel", "ERROR"),
            ("/*/*/logging/dataTrace", "true"),
            ("/accessLogSettings/destinationArn", destination),
        ):
            with self.subTest(path), self.refused("CloudWatch Logs role ARN must be set in account settings"):
                self.patch(path, value)
        role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::000000000000:role/logs"}
        self.gateway.update_account(patchOperations=[role])
        self.addCleanup(self.gateway.update_account, patchOperations=[{**role, "value": ""}])
        self.patch("/*/*/logging/loglevel", "ERROR")

    def test_tags_are_those_of_the_stage_and_of_the_api(self):
        deployment = self.gateway.create_deployment(restApiId=self.api)["id"]
        self.gateway.create_stage(restApiId=self.api, stageName="live", deploymentId=deployment, tags={"a": "1"})
        api = f"arn:aws:apigateway:{REGION}::/restapis/{self.api}"
        for arn, described in (
            (api, lambda: self.gateway.get_rest_api(restApiId=self.api)),
            (f"{api}/stages/live", lambda: self.gateway.get_stage(restApiId=self.api, stageName="live")),
        ):
            with self.subTest(arn):
                self.gateway.tag_resource(resourceArn=arn, tags={"b": "2"})
                self.assertEqual(described()["tags"]["b"], "2")
                self.gateway.untag_resource(resourceArn=arn, tagKeys=["b"])
                self.assertNotIn("b", described().get("tags", {}))
        self.assertEqual(self.gateway.get_tags(resourceArn=f"{api}/stages/live")["tags"], {"a": "1"})

    def test_a_deleted_api_is_gone(self):
        self.stage()
        self.gateway.delete_rest_api(restApiId=self.api)
        self.assertEqual(self.request(self.api, "/live/x/y")[0], 403)
        with self.assertRaises(self.gateway.exceptions.NotFoundException):
            self.gateway.get_rest_api(restApiId=self.api)
