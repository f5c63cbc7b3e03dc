"""Refusals of CloudFront and API Gateway, and what updates keep."""

import json
import re
from pathlib import Path

from botocore.config import Config
from botocore.exceptions import ClientError

from .harness import REGION, SESSION, distribution_config
from .test_edge import PASSES, EdgeTest, custom, response_policy

VIEWER_REQUEST = Path(__file__).parents[4] / "lambda/edge/viewer-request.js"
SETTINGS = {
    "prefix": "/api",
    "problemsPrefix": "/problems",
    "keyHeader": "x-origin-verify",
    "requestIdHeader": "x-request-id",
    "countryHeader": "x-viewer-country",
    "cloudFrontHeaders": [],
    "methods": ["GET", "POST"],
    "targetLimit": 4096,
    "bodyLimit": 1024,
    "cors": None,
    "answerHeaders": {},
}

# What viewers send, and the path that the API's function gets; None where the edge refuses it.
PATHS = {
    "/api/models": "/api/models",
    "/api/org%2Fname": "/api/org/name",
    "/api/a%20b": "/api/a b",
    "/api/caf%C3%A9": "/api/café",
    "/api//x": "/api//x",
    "/api/x;v=1": "/api/x;v=1",
    "/api/a%3Fadmin=1": None,
    "/api/a%23b": None,
    "/api/100%25": None,
    "/api/a%252Fb": None,
    "/api/%2e%2e/admin": None,
    "/api/..%2fadmin": None,
    "/%61pi/models": None,
    "/v1/models": None,
    "/%70roblems/x": None,
}


class RefusalTest(EdgeTest):
    # Paths

    def test_paths_reach_the_api_decoded_once_or_not_at_all(self):
        source = VIEWER_REQUEST.read_text()
        marker = "const settings = {}; // replaced at deployment"
        code = source.replace(marker, f"const settings = {json.dumps(SETTINGS)};")
        self.distribution(self.functions(viewer_request=code))
        for sent, seen in PATHS.items():
            with self.subTest(sent):
                status, _, body = self.send(f"{sent}?a=b")
                if seen is None:
                    self.assertIn((status, json.loads(body)["status"]), [(400, 400), (404, 404)])
                else:
                    event = json.loads(body)
                    self.assertEqual((event["rawPath"], event["rawQueryString"]), (seen, "a=b"))

    def test_the_api_ends_a_path_at_a_decoded_question_mark(self):
        self.distribution(self.functions(viewer_request=PASSES))
        event = json.loads(self.send("/x%3Fadmin=1/y?a=b")[2])
        self.assertEqual((event["rawPath"], event["rawQueryString"]), ("/x", "a=b"))

    def test_a_function_can_have_the_query_as_it_was_sent(self):
        code = """function handler(event) {
            const query = event.request.rawQueryString();
            return {statusCode: 200, headers: {}, body: query === undefined ? 'none' : query};
        }"""
        self.distribution(self.functions(viewer_request=code))
        for query in ("?flag&a=&b=%20", "?a=1&a=2"):
            self.assertEqual(self.send(f"/x{query}")[2].decode(), query[1:])
        self.assertEqual(self.send("/x")[2], b"none")

    # Responses of CloudFront itself

    def test_a_response_without_an_origin_has_no_headers_of_a_policy(self):
        policy = response_policy(
            self,
            CustomHeadersConfig=custom("x-policy", "yes"),
            SecurityHeadersConfig={"ContentTypeOptions": {"Override": True}},
        )
        behavior = {"ResponseHeadersPolicyId": policy}
        asked = {"Origin": "https://app.example.com"}
        # Countries, GET with a body, an origin that isn't reached: CloudFront's own, in HTML.
        self.distribution(behavior, Restrictions={"GeoRestriction": geography("US")})
        answers = [self.send(headers=asked)]
        self.distribution(behavior)
        self.assertEqual(self.send(headers=asked)[1]["X-Policy"], "yes")
        answers.append(self.send(headers=asked, body=b"x"))
        self.distribution(behavior, domain="ffffffff.execute-api.us-east-1.amazonaws.com")
        answers.append(self.send(headers=asked))
        self.assertEqual([status for status, _, _ in answers], [403, 403, 502])
        for _, headers, body in answers:
            self.assertIn(b"<H1>", body)
            self.assertEqual((headers["X-Policy"], headers["X-Content-Type-Options"]), (None, None))

    # Updates

    def test_origin_shield_stays_until_it_is_turned_off(self):
        cloudfront = self.cloud.client("cloudfront")
        config = distribution_config(self.domain, "secret")
        config["Origins"]["Items"][0]["OriginShield"] = {"Enabled": True, "OriginShieldRegion": "eu-west-1"}
        identity = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]

        def update(shield: dict | None, name: str = "api") -> dict | None:
            current = cloudfront.get_distribution_config(Id=identity)
            [origin] = current["DistributionConfig"]["Origins"]["Items"]
            origin.pop("OriginShield", None)
            if shield:
                origin["OriginShield"] = shield
            origin["Id"] = current["DistributionConfig"]["DefaultCacheBehavior"]["TargetOriginId"] = name
            response = cloudfront.update_distribution(
                Id=identity, IfMatch=current["ETag"], DistributionConfig=current["DistributionConfig"]
            )
            shown = cloudfront.get_distribution_config(Id=identity)["DistributionConfig"]
            self.assertEqual(response["Distribution"]["DistributionConfig"], shown)
            return shown["Origins"]["Items"][0].get("OriginShield")

        self.assertEqual(update(None), {"Enabled": True, "OriginShieldRegion": "eu-west-1"})
        self.assertFalse(update({"Enabled": False})["Enabled"])
        self.assertFalse((update(None) or {"Enabled": False})["Enabled"])
        self.assertTrue(update({"Enabled": True, "OriginShieldRegion": "eu-west-1"})["Enabled"])
        self.assertIsNone(update(None, "another"))

    # Response headers policies

    CORS = {
        "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["https://app.example.com"]},
        "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["content-type"]},
        "AccessControlAllowMethods": {"Quantity": 1, "Items": ["GET"]},
        "AccessControlAllowCredentials": False,
        "OriginOverride": True,
    }

    def cors(self, **changes) -> dict:
        return {"CorsConfig": {**self.CORS, **changes}}

    def test_an_invalid_policy_is_refused(self):
        one = lambda name: {"Quantity": 1, "Items": [name]}  # noqa: E731
        removed = lambda *names: {  # noqa: E731
            "RemoveHeadersConfig": {"Quantity": len(names), "Items": [{"Header": name} for name in names]}
        }
        for config, words in (
            (removed("X-Amzn-RequestId"), "X-Amzn-RequestId that cannot be removed"),
            (removed("Server", "server"), "duplicate"),
            ({"CustomHeadersConfig": custom("Strict-Transport-Security", "max-age=0")}, "is a security header"),
            (self.cors(AccessControlAllowOrigins=one("app://obsidian.md")), "app://obsidian.md"),
            (self.cors(AccessControlAllowHeaders=one("x-stainless-*")), "x-stainless-*"),
            (
                self.cors(AccessControlAllowHeaders=one("*"), AccessControlAllowCredentials=True),
                "cannot contain * when allowCredentials is true",
            ),
        ):
            with self.subTest(words), self.assertRaisesRegex(ClientError, re.escape(words)):
                response_policy(self, **config)
        for config in (
            removed("Server", "X-Powered-By"),
            self.cors(AccessControlAllowOrigins=one("http://192.168.1.20:3000")),
            self.cors(AccessControlAllowOrigins=one("https://*.example.com")),
            self.cors(AccessControlAllowOrigins=one("*"), AccessControlAllowHeaders=one("*")),
        ):
            response_policy(self, **config)

    def test_hsts_has_a_maximum_age(self):
        # The SDKs refuse it before it is sent; this client does not validate.
        client = SESSION.create_client(
            "cloudfront",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.cloud.port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(parameter_validation=False),
        )
        self.addCleanup(client.close)
        with self.assertRaisesRegex(ClientError, "AccessControlMaxAgeSec is required"):
            client.create_response_headers_policy(
                ResponseHeadersPolicyConfig={
                    "Name": self.name(),
                    "SecurityHeadersConfig": {"StrictTransportSecurity": {"Override": True}},
                }
            )

    # Access logs

    def deliver(self, statement: dict | None) -> list[dict]:
        """The statements of a bucket's policy once CloudFront's logs are delivered to it."""
        s3, logs, name = self.cloud.client("s3"), self.cloud.client("logs"), self.name()
        bucket, arn = f"logs-{name}", f"arn:aws:s3:::logs-{name}"
        s3.create_bucket(Bucket=bucket)
        if statement:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        distribution = self.distribution()
        logs.put_delivery_source(name=name, resourceArn=distribution["ARN"], logType="ACCESS_LOGS")
        destination = logs.put_delivery_destination(
            name=name, outputFormat="json", deliveryDestinationConfiguration={"destinationResourceArn": arn}
        )["deliveryDestination"]["arn"]
        logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=destination)
        return json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]

    def statement(self, **changes) -> dict:
        name = f"test-{self.names + 1}"
        account = "000000000000"
        source = f"arn:aws:logs:us-east-1:{account}:delivery-source:{name}"
        return {
            "Sid": "AWSLogDeliveryWrite1",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"arn:aws:s3:::logs-{name}/AWSLogs/{account}/CloudFront/*"],
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": [source]},
            },
            **changes,
        }

    def test_a_bucket_that_lacks_aws_statement_gets_it(self):
        [added] = self.deliver(None)
        self.assertRegex(added["Sid"], "^AWSLogDeliveryWrite[0-9]+$")
        self.assertEqual(len(self.deliver(self.statement(Action="s3:Put*"))), 2)

    def test_a_bucket_that_has_it_is_not_changed(self):
        wanted = self.statement()
        self.assertEqual(self.deliver(wanted), [wanted])


def geography(country: str) -> dict:
    return {"RestrictionType": "blacklist", "Quantity": 1, "Items": [country]}
