"""CloudFront: names, protocols, behaviors, functions, policies, the way to the origin."""

import base64
import http.client
import io
import json
import zipfile

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest, Viewer, distribution_config, wait_for
from .test_gateway import ECHO

ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"  # Managed-AllViewer

SLOW = """
import time
def handle(event):
    time.sleep(1.5 if event["rawPath"] == "/slow" else 0)
    return {"statusCode": 200, "body": event["rawPath"]}
"""
PASSES = "function handler(event) { return event.request; }"
SHOWS = "function handler(event) { return {statusCode: 200, headers: {}, body: JSON.stringify(event)}; }"
EDGE_PASSES = "export const handler = async (event) => event.Records[0].cf.request;"


def edge_function(what: str, change: str) -> str:
    """Source of a function that does something to the request or response it returns."""
    return f"function handler(event) {{ const {what} = event.{what}; {change}; return {what}; }}"


def edge_lambda(body: str) -> str:
    """Source of a function that does something to the request it returns."""
    change = f"const request = event.Records[0].cf.request; {body} return request;"
    return f"export const handler = async (event) => {{ {change} }};"


class EdgeTest(CloudTest):
    options = ("--deploy-seconds", "0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = cls.cloud.api(cls.cloud.function("echo", ECHO, cls.cloud.role("echo")))
        cls.domain = f"{cls.api}.execute-api.{REGION}.amazonaws.com"
        cls.names = 0

    def setUp(self):
        self.cloud.control("cloudfront", {"viewerCountry": "US"})

    def name(self) -> str:
        type(self).names += 1
        return f"test-{self.names}"

    def answering(self, source: str) -> str:
        """The domain name of an API with a function."""
        api = self.cloud.api(self.cloud.function(self.name(), source, self.cloud.role(self.name())))
        return f"{api}.execute-api.{REGION}.amazonaws.com"

    def distribution(
        self, behavior: dict | None = None, origin: dict | None = None, domain: str | None = None, **config
    ) -> dict:
        """A distribution in front of an API, else the echoing one, with these members more."""
        wanted = {**distribution_config(domain or self.domain, "secret"), **config}
        wanted["DefaultCacheBehavior"] |= behavior or {}
        wanted["Origins"]["Items"][0]["CustomOriginConfig"] |= origin or {}
        return self.cloud.client("cloudfront").create_distribution(DistributionConfig=wanted)["Distribution"]

    def function(self, code: str) -> str:
        """The ARN of a published CloudFront Function."""
        cloudfront, name = self.cloud.client("cloudfront"), self.name()
        made = cloudfront.create_function(
            Name=name, FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"}, FunctionCode=code.encode()
        )
        cloudfront.publish_function(Name=name, IfMatch=made["ETag"])
        return made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]

    def functions(self, **codes: str) -> dict:
        """Associations of a behavior with functions, by event type."""
        items = [
            {"FunctionARN": self.function(code), "EventType": kind.replace("_", "-")} for kind, code in codes.items()
        ]
        return {"FunctionAssociations": {"Quantity": len(items), "Items": items}}

    def lambda_version(self, code: str = EDGE_PASSES, trusts: tuple = ("lambda", "edgelambda"), **settings) -> str:
        """The ARN of a published function's version."""
        name, package = self.name(), io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("index.mjs", code)
        principals = [f"{service}.amazonaws.com" for service in trusts]
        trust = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
        role = self.cloud.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
        )
        settings = {"Runtime": "nodejs22.x", "Handler": "index.handler", "Publish": True, "Timeout": 5, **settings}
        made = self.cloud.client("lambda").create_function(
            FunctionName=name, Role=role["Role"]["Arn"], Code={"ZipFile": package.getvalue()}, **settings
        )
        versions = self.cloud.client("lambda").list_versions_by_function(FunctionName=made["FunctionName"])["Versions"]
        self.assertEqual(versions[0]["FunctionArn"].rsplit(":", 1)[1], "$LATEST")
        return versions[-1]["FunctionArn"]

    @staticmethod
    def at_origin(arn: str) -> dict:
        items = [{"LambdaFunctionARN": arn, "EventType": "origin-request", "IncludeBody": False}]
        return {"LambdaFunctionAssociations": {"Quantity": 1, "Items": items}}

    def send(self, path: str = "/x", headers: dict | None = None, method: str = "GET", body=None, port: int = 0):
        """Return status, headers and body of a response; headers may have lists of values."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.cloud.distribution_port, timeout=10)
        self.addCleanup(connection.close)
        connection.putrequest(method, path, skip_host="host" in (headers or {}))
        for name, values in (headers or {}).items():
            for value in values if isinstance(values, list) else [values]:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.headers, response.read()

    def seen(self, *arguments, **options) -> dict:
        """The headers that reached the API."""
        status, _, body = self.send(*arguments, **options)
        self.assertEqual(status, 200, body)
        return json.loads(body)["headers"]


class NamesTest(EdgeTest):
    def test_a_distribution_serves_its_aliases(self):
        def aliases(*names: str) -> dict:
            return self.aliases(
                *names, certificate=self.certificate("example.com", "*.example.com", "*.wild.example.com")
            )

        shown = self.functions(viewer_request=SHOWS)
        first = self.distribution(shown, **aliases("api.example.com", "*.wild.example.com"))
        second = self.distribution(shown, **aliases("one.wild.example.com"))
        third = self.distribution(shown)
        for host, expected in {
            "api.example.com": first,
            "API.example.com:443": first,
            "two.wild.example.com": first,
            "one.wild.example.com": second,
            second["DomainName"]: second,
            "127.0.0.1": third,
            f"localhost:{self.cloud.distribution_port}": third,
        }.items():
            with self.subTest(host):
                event = json.loads(self.send(headers={"host": host})[2])
                self.assertEqual(event["context"]["distributionId"], expected["Id"])
                self.assertEqual(
                    event["request"]["headers"]["host"]["value"],
                    host if expected is not third else third["DomainName"],
                )
        for host in ("wild.example.com", "a.b.wild.example.com", "example.com", "api.example.com.evil.net"):
            with self.subTest(host):
                self.assertEqual(self.send(headers={"host": host})[0], 403)

    def test_an_alias_requires_a_certificate_and_is_one_distributions(self):
        host = self.name() + ".example.com"
        for certificate, code in (
            (None, "InvalidViewerCertificate"),
            (self.certificate("other.example.com"), "InvalidViewerCertificate"),
            (self.certificate(host, proven=False), "InvalidViewerCertificate"),
            (self.certificate(host, region="eu-west-1"), "InvalidViewerCertificate"),
            (self.certificate(host), None),
            (self.certificate(host), "CNAMEAlreadyExists"),
        ):
            with self.subTest(certificate=certificate, code=code):
                if code is None:
                    self.distribution(**self.aliases(host, certificate=certificate))
                    continue
                with self.assertRaises(ClientError) as refused:
                    self.distribution(**self.aliases(host, certificate=certificate))
                self.assertEqual(refused.exception.response["Error"]["Code"], code)

    def test_a_certificate_is_issued_when_its_records_exist(self):
        acm, arn = (
            self.cloud.client("acm"),
            self.certificate("a.example.com", "*.a.example.com", "b.example.com", proven=False),
        )

        def certificate() -> dict:
            return acm.describe_certificate(CertificateArn=arn)["Certificate"]

        records = {
            option["ResourceRecord"]["Name"]: option["ResourceRecord"]
            for option in certificate()["DomainValidationOptions"]
        }
        # A wildcard is validated by its domain's record.
        self.assertEqual(len(records), 2)
        for record in records.values():
            self.assertEqual(certificate()["Status"], "PENDING_VALIDATION")
            self.prove(record)
        self.assertEqual(certificate()["Status"], "ISSUED")

    def aliases(self, *names: str, certificate: str | None) -> dict:
        config = {"Aliases": {"Quantity": len(names), "Items": list(names)}}
        if certificate:
            config["ViewerCertificate"] = {
                "ACMCertificateArn": certificate,
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            }
        return config

    def certificate(self, *names: str, proven: bool = True, region: str = REGION) -> str:
        acm = self.cloud.client("acm", region=region)
        arn = acm.request_certificate(DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS")
        arn = arn["CertificateArn"]
        if proven:
            for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
                self.prove(option["ResourceRecord"])
            self.assertEqual(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"], "ISSUED")
        return arn

    def prove(self, record: dict) -> None:
        route53 = self.cloud.client("route53")
        zone = route53.create_hosted_zone(Name="example.com", CallerReference="one")["HostedZone"]["Id"]
        value = {"Name": record["Name"], "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": record["Value"]}]}
        route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": value}]}
        )


class ProtocolTest(EdgeTest):
    def test_over_plain_http_a_behavior_redirects_or_refuses(self):
        behaviors = {
            "Quantity": 1,
            "Items": [
                {
                    **{k: v for k, v in distribution_config(self.domain, "")["DefaultCacheBehavior"].items()},
                    "PathPattern": "/api/*",
                    "ViewerProtocolPolicy": "https-only",
                }
            ],
        }
        host = self.distribution(CacheBehaviors=behaviors)["DomainName"]

        def plain(path: str, method: str = "GET", **headers: str):
            status, answered, _ = self.send(path, {"host": host, **headers}, method, port=self.cloud.port)
            return status, answered["Location"]

        self.assertEqual(plain("/v2/x?a=b"), (301, f"https://{host}/v2/x?a=b"))
        self.assertEqual(plain("/x", "POST"), (307, f"https://{host}/x"))
        self.assertEqual(plain("/api/x"), (403, None))
        # A viewer's header doesn't change the protocol.
        self.assertEqual(plain("/api/x", **{"x-forwarded-proto": "https"}), (403, None))
        self.assertEqual(self.send("/api/x", {"host": host, "x-forwarded-proto": "http"})[0], 200)

    def test_countries_can_be_blocked(self):
        for kind, country, status in (
            ("whitelist", "US", 200),
            ("whitelist", "FR", 403),
            ("blacklist", "US", 403),
            ("blacklist", "FR", 200),
        ):
            with self.subTest(kind=kind, country=country):
                restriction = {"RestrictionType": kind, "Quantity": 1, "Items": ["US"]}
                self.distribution(Restrictions={"GeoRestriction": restriction})
                self.cloud.control("cloudfront", {"viewerCountry": country})
                self.assertEqual(self.send()[0], status)


class FunctionTest(EdgeTest):
    def test_a_function_gets_the_request_as_on_aws(self):
        self.distribution(self.functions(viewer_request=SHOWS))
        status, answered, body = self.send(
            "/a%20b?q=a%2Bb&tag=1&tag=2&bare",
            {
                "Accept": ["application/json", "text/plain"],
                "X-Forwarded-Proto": "http",
                "X-Real-IP": "192.0.2.1",
                "X-Edge-Location": "spoofed",
                "X-Amz-Cf-Id": "spoofed",
                "X-Viewer": "kept",
                "Cookie": "a=1; b=2",
            },
        )
        event = json.loads(body)
        self.assertEqual((status, event["context"]["requestId"]), (200, answered["X-Amz-Cf-Id"]))
        self.assertEqual(event["viewer"], {"ip": "127.0.0.1"})
        request = event["request"]
        self.assertEqual(request["uri"], "/a%20b")
        tags = {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}
        self.assertEqual(request["querystring"], {"q": {"value": "a%2Bb"}, "tag": tags, "bare": {"value": ""}})
        self.assertEqual(request["cookies"], {"a": {"value": "1"}, "b": {"value": "2"}})
        accept = [{"value": "application/json"}, {"value": "text/plain"}]
        self.assertEqual(request["headers"].pop("accept"), {"value": "application/json", "multiValue": accept})
        request["headers"].pop("host")
        self.assertEqual(request["headers"], {"x-viewer": {"value": "kept"}, "accept-encoding": {"value": "identity"}})

    def test_headers_that_cloudfront_removes_do_not_reach_the_origin(self):
        sent = {"X-Real-IP": "192.0.2.1", "X-Edge-Location": "x", "Proxy-Authorization": "x", "X-Amz-Cf-Foo": "x"}
        for behavior in ({}, self.functions(viewer_request=PASSES)):
            self.distribution(behavior)
            seen = self.seen(headers={**sent, "X-Kept": "yes", "X-Forwarded-For": ["192.0.2.7", "192.0.2.8"]})
            self.assertEqual({name.lower() for name in sent} & set(seen), set())
            self.assertEqual(seen["x-kept"], "yes")
            self.assertEqual(seen["x-forwarded-for"], "192.0.2.7, 192.0.2.8, 127.0.0.1, 127.0.0.1")
            self.assertEqual((seen["x-forwarded-proto"], seen["x-forwarded-port"]), ("https", "443"))

    def test_the_id_is_the_same_everywhere(self):
        there = edge_function("request", "request.headers['x-id'] = {value: event.context.requestId}")
        back = edge_function("response", "response.headers['x-id'] = {value: event.context.requestId}")
        self.distribution(self.functions(viewer_request=there, viewer_response=back))
        ids = set()
        for _ in range(3):
            _, answered, body = self.send()
            seen = json.loads(body)["headers"]
            self.assertEqual({answered["X-Amz-Cf-Id"], answered["X-Id"]}, {seen["x-id"], seen["x-amz-cf-id"]})
            ids.add(seen["x-id"])
        self.assertEqual(len(ids), 3)

    def test_an_invalid_return_value_of_a_function_is_a_bad_gateway(self):
        for change in (
            "request.headers.via = {value: 'x'}",
            "delete request.headers.host",
            "request.headers.host = {value: 'example.com'}",
            "request.headers['x-edge-foo'] = {value: 'x'}",
            "request.headers['x-forwarded-proto'] = {value: 'https'}",
            "request.headers['X-Upper'] = {value: 'x'}",
            "request.method = 'POST'",
            "return {statusCode: 200, headers: {'x-cache': {value: 'x'}}}",
            "return 'request'",
            "return null",
        ):
            with self.subTest(change):
                self.distribution(self.functions(viewer_request=edge_function("request", change)))
                self.assertEqual(self.send()[0], 502)
        self.distribution(self.functions(viewer_request="function handler(event) { throw new Error('x'); }"))
        self.assertEqual(self.send()[0], 503)

    def test_a_query_that_a_function_changes_is_sent_as_returned(self):
        values = "{a: {value: 'x%20y'}, b: {value: '1', multiValue: [{value: '1'}, {value: '2'}]}}"
        code = edge_function("request", f"request.querystring = {values}")
        self.distribution(self.functions(viewer_request=code))
        body = self.send("/x?gone=1")[2]
        self.assertEqual(json.loads(body)["rawQueryString"], "a=x%20y&b=1&b=2")

    def test_a_function_responds_itself(self):
        answers = (
            "function handler(event) { return {statusCode: 405, statusDescription: 'Method Not Allowed',"
            " headers: {allow: {value: 'GET'}}, body: {encoding: 'text', data: 'no'}}; }"
        )
        policy = self.policy(CustomHeadersConfig=custom("x-policy", "yes"))
        self.distribution({**self.functions(viewer_request=answers), "ResponseHeadersPolicyId": policy})
        status, answered, body = self.send()
        self.assertEqual((status, answered["Allow"], body), (405, "GET", b"no"))
        # AWS does not document whether a policy applies to such responses: nothing may depend on it.
        self.assertNotIn("X-Policy", answered)

    def test_an_updated_function_runs_once_it_is_published(self):
        cloudfront, arn = self.cloud.client("cloudfront"), self.function(PASSES)
        name = arn.rsplit("/", 1)[-1]
        association = {"FunctionARN": arn, "EventType": "viewer-request"}
        self.distribution({"FunctionAssociations": {"Quantity": 1, "Items": [association]}})
        version = cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
        code = "function handler(event) { return {statusCode: 204}; }"
        updated = cloudfront.update_function(
            Name=name,
            IfMatch=version,
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=code.encode(),
        )
        self.assertEqual(self.send()[0], 200)
        cloudfront.publish_function(Name=name, IfMatch=updated["ETag"])
        self.assertEqual(self.send()[0], 204)

    def policy(self, **config) -> str:
        return response_policy(self, **config)


class PolicyTest(EdgeTest):
    def test_a_policy_removes_before_it_adds(self):
        headers = {"server": "origin", "x-powered-by": "x", "x-a": "old", "x-b": "kept"}
        domain = self.answering(f"def handle(event): return {{'statusCode': 200, 'headers': {headers}}}")
        policy = response_policy(
            self,
            RemoveHeadersConfig={
                "Quantity": 3,
                "Items": [{"Header": name} for name in ("Server", "X-Powered-By", "X-A")],
            },
            CustomHeadersConfig={
                "Quantity": 2,
                "Items": [
                    {"Header": "X-A", "Value": "new", "Override": False},
                    {"Header": "X-B", "Value": "new", "Override": False},
                ],
            },
        )
        self.distribution({"ResponseHeadersPolicyId": policy}, domain=domain)
        _, answered, _ = self.send()
        self.assertEqual((answered["X-A"], answered["X-B"], answered["X-Powered-By"]), ("new", "kept", None))
        self.assertEqual(answered.get_all("Server"), ["CloudFront"])
        self.assertEqual(len(answered.get_all("Date")), 1)

    def test_cors_and_security_headers(self):
        policy = response_policy(
            self,
            CorsConfig={
                "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["https://*.example.com"]},
                "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["authorization"]},
                "AccessControlAllowMethods": {"Quantity": 1, "Items": ["POST"]},
                "AccessControlAllowCredentials": False,
                "AccessControlExposeHeaders": {"Quantity": 1, "Items": ["x-request-id"]},
                "AccessControlMaxAgeSec": 3600,
                "OriginOverride": True,
            },
            SecurityHeadersConfig={
                "StrictTransportSecurity": {
                    "Override": True,
                    "AccessControlMaxAgeSec": 63072000,
                    "IncludeSubdomains": True,
                    "Preload": False,
                },
                "FrameOptions": {"Override": True, "FrameOption": "DENY"},
                "ContentTypeOptions": {"Override": True},
                "ReferrerPolicy": {"Override": True, "ReferrerPolicy": "no-referrer"},
                "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": "default-src 'none'"},
            },
        )
        self.distribution({"ResponseHeadersPolicyId": policy})
        answered = self.send(headers={"Origin": "https://app.example.com"})[1]
        self.assertEqual(
            {
                name: answered[name]
                for name in answered
                if name.startswith(("Access", "Strict", "X-Frame", "X-Content", "Referrer", "Content-Sec"))
            },
            {
                "Access-Control-Allow-Origin": "https://app.example.com",
                "Access-Control-Expose-Headers": "x-request-id",
                "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
                "X-Frame-Options": "DENY",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Content-Security-Policy": "default-src 'none'",
            },
        )
        for headers in (
            {},
            {"Origin": "https://evil.net"},
            {"Origin": ["https://app.example.com", "https://evil.net"]},
        ):
            with self.subTest(headers):
                self.assertNotIn("Access-Control-Allow-Origin", self.send(headers=headers)[1])


class OriginTest(EdgeTest):
    def handshake(self) -> dict | None:
        return next((one for one in self.cloud.control("cloudfront")["origins"] if one["origin"] == self.domain), None)

    def test_the_api_is_reached_over_tls_by_its_name(self):
        self.distribution(origin={"OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]}})
        self.assertEqual(self.send()[0], 200)
        certificate = ["*.execute-api.us-east-1.amazonaws.com", "*.cloudfront.net"]
        self.assertEqual(self.handshake(), {"origin": self.domain, "tls": "TLSv1.2", "certificate": certificate})

    def test_a_certificate_for_another_name_is_a_bad_gateway(self):
        # The certificate is for the names of one region.
        wrong = self.domain.replace(REGION, "eu-west-1")
        self.cloud.client("cloudfront").create_distribution(DistributionConfig=distribution_config(wrong, "secret"))
        self.assertEqual(self.send()[0], 502)
        self.assertIn("certificate is not valid for", self.cloud.output())

    def test_protocols_that_the_api_does_not_speak_are_a_bad_gateway(self):
        self.distribution(origin={"OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1"]}})
        self.assertEqual(self.send()[0], 502)

    def test_a_slow_origin_is_a_gateway_timeout_and_its_late_answer_is_nobodys(self):
        self.distribution(origin={"OriginReadTimeout": 1}, domain=self.answering(SLOW))
        viewer = Viewer(self.cloud)
        self.addCleanup(viewer.close)
        self.assertEqual(viewer.get("/slow")[0], 504)
        for path in ("/a", "/b"):
            self.assertEqual(viewer.get(path)[2], path.encode())

    def test_an_error_page_is_shown_for_failures_of_cloudfront_too(self):
        pages = {
            "Quantity": 2,
            "Items": [
                {
                    "ErrorCode": code,
                    "ResponsePagePath": f"/pages/{code}",
                    "ResponseCode": str(code),
                    "ErrorCachingMinTTL": 0,
                }
                for code in (502, 504)
            ],
        }
        shows = "export const handler = async (event) => ({status: '200', body: event.Records[0].cf.request.uri});"
        behavior = {**distribution_config("", "")["DefaultCacheBehavior"], **self.at_origin(self.lambda_version(shows))}
        behaviors = {"Quantity": 1, "Items": [{**behavior, "PathPattern": "/pages/*"}]}
        self.distribution(
            origin={"OriginReadTimeout": 1},
            domain=self.answering(SLOW),
            CustomErrorResponses=pages,
            CacheBehaviors=behaviors,
        )
        status, _, body = self.send("/slow")
        self.assertEqual((status, body), (504, b"/pages/504"))
        self.distribution(
            domain=f"ffffffff.execute-api.{REGION}.amazonaws.com", CustomErrorResponses=pages, CacheBehaviors=behaviors
        )
        status, _, body = self.send()
        self.assertEqual((status, body), (502, b"/pages/502"))
        # Where the page can't be had either, it is CloudFront's own.
        self.distribution(domain=f"ffffffff.execute-api.{REGION}.amazonaws.com", CustomErrorResponses=pages)
        status, answered, body = self.send()
        self.assertEqual(
            (status, answered["Content-Type"], b"Generated by cloudfront" in body), (502, "text/html", True)
        )

    def test_bodies_and_methods_arrive(self):
        self.distribution()
        for method, body in (
            ("POST", b"x" * 100_000),
            ("PUT", b""),
            ("PATCH", "ä".encode()),
            ("DELETE", None),
            ("GET", None),
        ):
            with self.subTest(method):
                event = json.loads(self.send(headers={"Content-Type": "text/plain"}, method=method, body=body)[2])
                self.assertEqual(event["requestContext"]["http"]["method"], method)
                self.assertEqual(event.get("body", "").encode(), body or b"")
        status, _, body = self.send(method="HEAD")
        self.assertEqual((status, body), (200, b""))

    def test_a_policy_gets_the_headers_that_cloudfront_adds(self):
        policy = self.cloud.client("cloudfront").create_origin_request_policy(
            OriginRequestPolicyConfig={
                "Name": self.name(),
                "HeadersConfig": {
                    "HeaderBehavior": "allViewerAndWhitelistCloudFront",
                    "Headers": {"Quantity": 2, "Items": ["CloudFront-Viewer-Country", "CloudFront-Viewer-Address"]},
                },
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "all"},
            }
        )["OriginRequestPolicy"]["Id"]
        host = edge_lambda("request.headers.host = [{key: 'Host', value: request.origin.custom.domainName}];")
        self.distribution({"OriginRequestPolicyId": policy, **self.at_origin(self.lambda_version(host))})
        self.cloud.control("cloudfront", {"viewerCountry": "FR"})
        seen = self.seen(headers={"CloudFront-Viewer-Country": "DE", "Cookie": "a=1", "Authorization": "Bearer x"})
        self.assertEqual((seen["cloudfront-viewer-country"], seen["authorization"]), ("FR", "Bearer x"))
        self.assertRegex(seen["cloudfront-viewer-address"], r"^127\.0\.0\.1:\d+$")
        self.assertNotIn("cookie", seen)

    def test_the_apis_host_is_not_the_viewers(self):
        self.distribution({"OriginRequestPolicyId": ALL_VIEWER})
        status, _, body = self.send()
        self.assertEqual((status, json.loads(body)), (403, {"message": "Forbidden"}))


class LambdaAtEdgeTest(EdgeTest):
    def test_the_function_gets_and_changes_the_request(self):
        code = edge_lambda(
            "const text = Buffer.from(JSON.stringify(event)).toString('base64');"
            "request.headers['x-seen'] = [{key: 'X-Seen', value: text}];"
            "request.uri = '/changed'; request.querystring = 'b=2'; delete request.headers['x-gone'];"
        )
        self.distribution(self.at_origin(self.lambda_version(code)))
        status, answered, body = self.send(
            "/x%20y?a=%20",
            {"Content-Type": "text/plain", "X-Gone": "1", "X-Forwarded-For": "192.0.2.1"},
            "POST",
            b"four",
        )
        event = json.loads(body)
        self.assertEqual((status, event["rawPath"], event["rawQueryString"]), (200, "/changed", "b=2"))
        self.assertEqual((event["body"], event["headers"]["x-origin-verify"]), ("four", "secret"))
        self.assertEqual(event["headers"]["x-forwarded-for"], "192.0.2.1, 127.0.0.1, 127.0.0.1")
        self.assertNotIn("x-gone", event["headers"])
        seen = json.loads(base64.b64decode(event["headers"]["x-seen"]))["Records"][0]["cf"]
        self.assertEqual(seen["config"]["eventType"], "origin-request")
        self.assertEqual(seen["config"]["requestId"], answered["X-Amz-Cf-Id"])
        request = seen["request"]
        self.assertEqual((request["method"], request["uri"], request["querystring"]), ("POST", "/x%20y", "a=%20"))
        self.assertEqual(request["headers"]["host"], [{"key": "Host", "value": self.domain}])
        self.assertEqual(request["headers"]["content-length"][0]["value"], "4")
        self.assertEqual(request["headers"]["x-forwarded-for"][0]["value"], "192.0.2.1, 127.0.0.1")
        self.assertEqual(
            request["origin"]["custom"],
            {
                "customHeaders": {"x-origin-verify": [{"key": "x-origin-verify", "value": "secret"}]},
                "domainName": self.domain,
                "keepaliveTimeout": 5,
                "path": "",
                "port": 443,
                "protocol": "https",
                "readTimeout": 30,
                "sslProtocols": ["TLSv1", "TLSv1.1", "TLSv1.2"],
            },
        )

    def test_the_function_responds_itself(self):
        code = (
            "export const handler = async () => ({status: '415', statusDescription: 'Unsupported Media Type',"
            " headers: {accept: [{key: 'Accept', value: 'application/json'}]}, bodyEncoding: 'text', body: 'no'});"
        )
        policy = response_policy(self, CustomHeadersConfig=custom("x-policy", "yes"))
        self.distribution({**self.at_origin(self.lambda_version(code)), "ResponseHeadersPolicyId": policy})
        status, answered, body = self.send()
        self.assertEqual(
            (status, answered["Accept"], answered["X-Policy"], body), (415, "application/json", "yes", b"no")
        )

    def test_an_invalid_return_value_is_a_bad_gateway(self):
        for change in (
            "request.headers.via = [{key: 'Via', value: 'x'}];",
            "delete request.headers['content-length'];",
            "request.headers['x-real-ip'] = [{key: 'X-Real-IP', value: 'x'}];",
            "request.headers['x-origin-verify'] = [{key: 'x', value: 'x'}];",
            "request.headers['x-a'] = [{key: 'x'}];",
            "request.method = 'GET';",
            "delete request.origin;",
            "return {status: '99'};",
            "return {status: '200', body: 'x'.repeat(1 << 20)};",
            "return {status: '200', headers: {'x-cache': [{value: 'x'}]}};",
            "return 'request';",
        ):
            with self.subTest(change):
                self.distribution(self.at_origin(self.lambda_version(edge_lambda(change))))
                self.assertEqual(self.send(method="POST", body=b"x")[0], 502)

    def test_a_function_that_fails_is_service_unavailable(self):
        self.distribution(self.at_origin(self.lambda_version(edge_lambda("throw new Error('no');"))))
        self.assertEqual(self.send()[0], 503)

    def test_only_functions_for_the_edge_can_be_associated(self):
        good = self.lambda_version()
        for arn in (
            good.rsplit(":", 1)[0],
            good.rsplit(":", 1)[0] + ":$LATEST",
            good.replace("us-east-1", "eu-west-1"),
            good[:-1] + "7",
            self.lambda_version(trusts=("lambda",)),
            self.lambda_version(Environment={"Variables": {"A": "b"}}),
            self.lambda_version(Architectures=["arm64"]),
        ):
            with self.subTest(arn), self.assertRaises(ClientError) as refused:
                self.distribution(self.at_origin(arn))
            self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidLambdaFunctionAssociation")
        self.distribution(self.at_origin(good))

    def test_a_function_stays_while_an_edge_has_it(self):
        arn = self.lambda_version()
        distribution = self.distribution(self.at_origin(arn))
        function, cloudfront = arn.rsplit(":", 1)[0], self.cloud.client("cloudfront")
        self.cloud.control("cloudfront", {"deploySeconds": 0.3})
        self.addCleanup(self.cloud.control, "cloudfront", {"deploySeconds": 0})

        def delete():
            try:
                return self.cloud.client("lambda").delete_function(FunctionName=function)
            except ClientError as refused:
                self.assertIn("because it is a replicated function", str(refused))

        self.assertIsNone(delete())
        config = cloudfront.get_distribution_config(Id=distribution["Id"])
        config["DistributionConfig"]["DefaultCacheBehavior"].pop("LambdaFunctionAssociations")
        cloudfront.update_distribution(
            Id=distribution["Id"], IfMatch=config["ETag"], DistributionConfig=config["DistributionConfig"]
        )
        self.assertIsNone(delete())
        wait_for(delete)

    def test_its_logs_have_the_replicas_name(self):
        arn = self.lambda_version(edge_lambda("console.log('was here');"))
        name = arn.split(":")[6]
        allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        self.cloud.client("iam").put_role_policy(
            RoleName=name, PolicyName="logs", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allowed})
        )
        self.distribution(self.at_origin(arn))
        self.assertEqual(self.send()[0], 200)
        logs = self.cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/us-east-1.{name}")
        self.assertTrue(any("was here" in event["message"] for event in logs["events"]), logs)

    def test_it_waits_for_no_logs(self):
        def quickest() -> float:
            viewer = Viewer(self.cloud)
            self.addCleanup(viewer.close)
            return viewer.latencies()[0]

        self.distribution(self.functions(viewer_request=PASSES))
        without = quickest()
        self.distribution({**self.at_origin(self.lambda_version()), **self.functions(viewer_request=PASSES)})
        # With the wait, it is ten times as long and more.
        self.assertLess(quickest(), 6 * without)


def custom(name: str, value: str) -> dict:
    return {"Quantity": 1, "Items": [{"Header": name, "Value": value, "Override": True}]}


def response_policy(test: EdgeTest, **config) -> str:
    """The id of a response headers policy."""
    made = test.cloud.client("cloudfront").create_response_headers_policy(
        ResponseHeadersPolicyConfig={"Name": test.name(), **config}
    )
    return made["ResponseHeadersPolicy"]["Id"]
