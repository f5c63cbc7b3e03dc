"""A private model behind a VPC link: links, private integrations, target health."""

import contextlib
import http.server
import json
import ssl
import tempfile
import threading
import time
import unittest

import trustme
from botocore.config import Config
from botocore.exceptions import ClientError
from gatehouse_cloud.fidelity.network.targets import Health

from .harness import REGION, SESSION, CloudTest, Viewer, get, wait_for


class Model:
    """A server on loopback that returns the request it got."""

    def __init__(self, port: int = 0, secure: bool = False):
        model = self
        self.healthy, self.seconds, self.checks = 200, 0.0, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/healthz":
                    model.checks.append(self.headers["User-Agent"])
                    return self.respond(model.healthy, b"")
                time.sleep(model.seconds)
                length = int(self.headers.get("Content-Length") or 0)
                seen = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": self.rfile.read(length).decode(),
                }
                with contextlib.suppress(BrokenPipeError):  # after a timeout the client doesn't read the response
                    self.respond(200, json.dumps(seen).encode())

            do_POST = do_GET

            def respond(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate = trustme.CA().issue_cert("model.example.com").private_key_and_cert_chain_pem
            with tempfile.NamedTemporaryFile() as file:
                certificate.write_to_path(file.name)
                context.load_cert_chain(file.name)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()


# Authorizes requests of one client, and names the client and what it decides by.
AUTHORIZER = """
import json
calls = 0
def handle(event):
    global calls
    calls += 1
    if event["headers"]["x-credential"] == "broken":
        raise ValueError("the table of clients is away")
    context = {"client": "acme", "sources": json.dumps(event["identitySource"]), "calls": calls}
    return {"isAuthorized": event["headers"]["x-credential"] == "acme's", "context": context}
"""


class PrivateModelTest(CloudTest):
    options = ("--deploy-seconds", "0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ec2, cls.elb = cls.cloud.client("ec2"), cls.impatient_client()
        cls.gateway = cls.cloud.client("apigatewayv2")
        cls.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        cls.subnet, other = (
            ec2.create_subnet(VpcId=cls.vpc, CidrBlock=network, AvailabilityZone=zone)["Subnet"]["SubnetId"]
            for network, zone in (("10.0.0.0/24", f"{REGION}a"), ("10.0.1.0/24", f"{REGION}b"))
        )
        cls.subnets = [cls.subnet, other]
        cls.link = cls.create_link()
        wait_for(lambda: cls.link_status(cls.link) == "AVAILABLE")
        cls.names = iter(f"test-{number}" for number in range(100))

    @classmethod
    def impatient_client(cls):
        """A client that sends an interval of one second too; AWS allows five, which would make these tests slow."""
        client = SESSION.create_client(
            "elbv2",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{cls.cloud.port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(parameter_validation=False),
        )
        cls.addClassCleanup(client.close)
        return client

    @classmethod
    def create_link(cls, **settings) -> str:
        return cls.gateway.create_vpc_link(Name="link", SubnetIds=[cls.subnet], **settings)["VpcLinkId"]

    @classmethod
    def link_status(cls, link: str) -> str:
        return cls.gateway.get_vpc_link(VpcLinkId=link)["VpcLinkStatus"]

    def model(self, **settings) -> Model:
        model = Model(**settings)
        self.addCleanup(model.stop)
        return model

    def group(self, *targets: dict, protocol: str = "HTTP") -> str:
        group = self.elb.create_target_group(
            Name=next(self.names),
            Protocol=protocol,
            Port=8080,
            VpcId=self.vpc,
            TargetType="ip",
            HealthCheckPath="/healthz",
            HealthCheckProtocol=protocol,
            HealthCheckIntervalSeconds=1,
            HealthCheckTimeoutSeconds=1,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        if targets:
            self.elb.register_targets(TargetGroupArn=group, Targets=list(targets))
        return group

    def listener(self, *groups: str, **settings) -> str:
        balancer = self.elb.create_load_balancer(Name=next(self.names), Subnets=self.subnets, Scheme="internal")
        if len(groups) == 1:
            action = {"Type": "forward", "TargetGroupArn": groups[0]}
        else:
            weighted = [{"TargetGroupArn": group, "Weight": weight} for weight, group in enumerate(groups)]
            action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
        return self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            DefaultActions=[action],
            **{"Protocol": "HTTP", "Port": 80, **settings},
        )["Listeners"][0]["ListenerArn"]

    def private_api(self, listener: str, link: str | None = None, **settings) -> str:
        api = self.gateway.create_api(Name="private", ProtocolType="HTTP")["ApiId"]
        integration = self.gateway.create_integration(
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="ANY",
            IntegrationUri=listener,
            PayloadFormatVersion="1.0",
            ConnectionType="VPC_LINK",
            ConnectionId=link or self.link,
            **{
                "RequestParameters": {
                    "overwrite:path": "/$request.path.proxy",
                    "remove:header.x-origin-verify": "''",
                    "append:header.x-seen": "by-${request.header.user-agent}",
                },
                **settings,
            },
        )["IntegrationId"]
        self.gateway.create_route(
            ApiId=api, RouteKey="ANY /api/inference/{proxy+}", Target=f"integrations/{integration}"
        )
        self.gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return api

    def call(self, path: str = "v1/models", headers: dict | None = None, data: bytes | None = None):
        return get(f"http://127.0.0.1:{self.cloud.api_port}/api/inference/{path}", headers, data)

    def state(self, group: str) -> dict:
        [target] = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return target["TargetHealth"]

    def wait_for_state(self, group: str, state: str) -> None:
        wait_for(lambda: self.state(group)["State"] == state, 8)

    def serving(self, model: Model, **settings) -> tuple[str, str]:
        group = self.group({"Id": "127.0.0.1", "Port": model.port})
        api = self.private_api(self.listener(group), **settings)
        self.wait_for_state(group, "healthy")
        return api, group

    def test_a_request_reaches_the_model_as_the_integration_maps_it(self):
        model = self.model()
        self.serving(model)
        status, body = self.call(
            "v1/a%20b?q=1&q=2",
            {"x-origin-verify": "secret", "User-Agent": "test", "x-seen": "first"},
            b"question",
        )
        self.assertEqual(status, 200)
        seen = json.loads(body)
        self.assertEqual((seen["method"], seen["path"], seen["body"]), ("POST", "/v1/a%20b?q=1&q=2", "question"))
        self.assertEqual(seen["headers"]["x-seen"], "first,by-test")
        self.assertEqual((seen["headers"]["x-forwarded-proto"], seen["headers"]["x-forwarded-port"]), ("http", "80"))
        self.assertNotIn("secret", body.decode())
        self.assertEqual(set(model.checks), {"ELB-HealthChecker/2.0"})

    def authorize(self, api: str) -> None:
        """Give the route of an API an authorizer with three identity sources, and its stage an access log."""
        function = self.cloud.function("clients", AUTHORIZER, self.cloud.role("clients"))
        authorizer = self.gateway.create_authorizer(
            ApiId=api,
            AuthorizerType="REQUEST",
            Name="client",
            EnableSimpleResponses=True,
            AuthorizerPayloadFormatVersion="2.0",
            AuthorizerUri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations",
            IdentitySource=["$request.header.x-origin-verify", "$context.routeKey", "$request.header.x-credential"],
            AuthorizerResultTtlInSeconds=0,
        )
        self.assertEqual(authorizer["AuthorizerResultTtlInSeconds"], 0)
        [route] = self.gateway.get_routes(ApiId=api)["Items"]
        self.gateway.update_route(
            ApiId=api,
            RouteId=route["RouteId"],
            AuthorizationType="CUSTOM",
            AuthorizerId=authorizer["AuthorizerId"],
        )
        self.cloud.client("logs").create_log_group(logGroupName="/clients")
        destination = f"arn:aws:logs:{REGION}:000000000000:log-group:/clients"
        log_format = '{"status":"$context.status","client":"$context.authorizer.client"}'
        self.gateway.update_stage(
            ApiId=api, StageName="$default", AccessLogSettings={"DestinationArn": destination, "Format": log_format}
        )

    def test_the_authorizer_tells_the_model_who_the_client_is(self):
        mappings = {
            "overwrite:path": "/$request.path.proxy",
            "remove:header.x-origin-verify": "''",
            "remove:header.x-credential": "''",
            "overwrite:header.x-client": "$context.authorizer.client",
            "overwrite:header.x-sources": "$context.authorizer.sources",
            "overwrite:header.x-calls": "$context.authorizer.calls",
        }
        api, _ = self.serving(self.model(), RequestParameters=mappings)
        self.authorize(api)
        good = {"x-origin-verify": "key", "x-credential": "acme's", "Authorization": "Bearer its-own"}

        for missing in ("x-origin-verify", "x-credential"):
            status, body = self.call(headers={name: value for name, value in good.items() if name != missing})
            self.assertEqual((status, json.loads(body)), (401, {"message": "Unauthorized"}), missing)
        for value, expected in (("guess", 403), ("broken", 500)):
            self.assertEqual(self.call(headers={**good, "x-credential": value})[0], expected)

        for calls in ("3", "4"):  # the first calls that reach the function are the two above, and nothing is cached
            status, body = self.call(headers={**good, "x-client": "forged"})
            seen = json.loads(body)["headers"]
            self.assertEqual((status, seen["x-client"], seen["x-calls"]), (200, "acme", calls))
        self.assertEqual(json.loads(seen["x-sources"]), ["key", "ANY /api/inference/{proxy+}", "acme's"])
        self.assertEqual(seen["authorization"], "Bearer its-own")
        self.assertNotIn("x-credential", seen)
        self.assertNotIn("x-origin-verify", seen)

        logs = self.cloud.client("logs")
        events = wait_for(
            lambda: (found := logs.filter_log_events(logGroupName="/clients")["events"]) and len(found) == 6 and found
        )
        lines = [json.loads(event["message"]) for event in events]
        self.assertEqual(
            [(line["status"], line["client"]) for line in lines],
            [("401", "-"), ("401", "-"), ("403", "-"), ("500", "-"), ("200", "acme"), ("200", "acme")],
        )

    def test_a_viewer_reaches_the_model_and_the_key_does_not(self):
        api, _ = self.serving(self.model())
        self.cloud.distribution(f"{api}.execute-api.{REGION}.amazonaws.com", header="key")
        viewer = Viewer(self.cloud)
        self.addCleanup(viewer.close)
        status, _, body = viewer.get("/api/inference/v1/models?limit=1")
        seen = json.loads(body)
        self.assertEqual((status, seen["path"]), (200, "/v1/models?limit=1"))
        self.assertNotIn("x-origin-verify", seen["headers"])

    def test_a_stopped_model_becomes_unhealthy_and_a_started_one_healthy(self):
        model = Model()
        _, group = self.serving(model)
        model.stop()
        self.assertEqual(self.call()[0], 502)  # until the checks have noticed
        self.wait_for_state(group, "unhealthy")
        self.assertEqual(self.state(group)["Reason"], "Target.FailedHealthChecks")
        self.assertEqual(self.call()[0], 503)
        self.model(port=model.port)
        self.wait_for_state(group, "healthy")
        self.assertEqual(self.call()[0], 200)

    def test_the_wrong_status_is_unhealthy(self):
        model = self.model()
        model.healthy = 500
        group = self.group({"Id": "127.0.0.1", "Port": model.port})
        self.assertEqual(self.state(group)["State"], "unused")
        self.private_api(self.listener(group))
        self.assertEqual(self.state(group)["State"], "initial")
        self.assertEqual(self.call()[0], 503)
        self.wait_for_state(group, "unhealthy")
        self.assertEqual(self.state(group)["Description"], "Health checks failed with these codes: [500]")

    def test_an_address_of_a_private_network_is_this_machine(self):
        model = self.model()
        group = self.group({"Id": "10.0.16.10", "Port": model.port})
        self.private_api(self.listener(group))
        self.wait_for_state(group, "healthy")
        self.assertEqual(self.call()[0], 200)

    def test_targets_on_other_machines_are_not_contacted(self):
        group = self.group({"Id": "192.0.2.1"})
        self.private_api(self.listener(group))
        self.wait_for_state(group, "unhealthy")
        self.assertEqual(self.state(group)["Reason"], "Target.Timeout")
        self.assertEqual(self.call()[0], 503)

    def test_targets_share_an_address(self):
        first, second = self.model(), self.model()
        targets = [{"Id": "127.0.0.1", "Port": model.port} for model in (first, second)]
        group = self.group(*targets)
        self.elb.deregister_targets(TargetGroupArn=group, Targets=targets[:1])
        [left] = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        self.assertEqual(left["Target"], targets[1])

    def test_a_model_may_speak_tls(self):
        model = self.model(secure=True)
        group = self.group({"Id": "127.0.0.1", "Port": model.port}, protocol="HTTPS")
        self.private_api(self.listener(group))
        self.wait_for_state(group, "healthy")
        self.assertEqual(self.call()[0], 200)

    def test_weights_choose_the_group(self):
        model = self.model()
        empty, group = self.group(), self.group({"Id": "127.0.0.1", "Port": model.port})
        self.private_api(self.listener(empty, group))
        self.wait_for_state(group, "healthy")
        self.assertEqual({self.call()[0] for _ in range(5)}, {200})

    def test_the_timeout_of_the_integration(self):
        model = self.model()
        self.serving(model, TimeoutInMillis=100)
        model.seconds = 0.3
        status, body = self.call()
        self.assertEqual((status, json.loads(body)), (503, {"message": "Service Unavailable"}))

    def test_tls_to_the_listener_requires_the_name_on_its_certificate(self):
        model = self.model()
        group = self.group({"Id": "127.0.0.1", "Port": model.port})
        certificate = self.cloud.client("acm").request_certificate(DomainName="model.example.com")["CertificateArn"]
        listener = self.listener(group, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}])
        self.wait_for_state(group, "healthy")
        for tls, status in (
            ({"TlsConfig": {"ServerNameToVerify": "model.example.com"}}, 200),
            ({"TlsConfig": {"ServerNameToVerify": "other.example.com"}}, 503),
            ({}, 400),
        ):
            api = self.private_api(listener, **tls)
            self.assertEqual(self.call()[0], status)
            [integration] = self.gateway.get_integrations(ApiId=api)["Items"]
            self.assertEqual(integration.get("TlsConfig"), tls.get("TlsConfig"))
            self.assertEqual(integration["ConnectionId"], self.link)

    def test_a_link_becomes_available_and_is_deleted(self):
        link = self.create_link(SecurityGroupIds=[], Tags={"a": "b"})
        self.assertEqual(self.link_status(link), "PENDING")
        model = self.model()
        self.serving(model, link=link)
        wait_for(lambda: self.link_status(link) == "AVAILABLE")
        self.assertEqual(self.call()[0], 200)
        self.gateway.delete_vpc_link(VpcLinkId=link)
        self.assertEqual(self.link_status(link), "DELETING")
        self.assertEqual(self.call()[0], 503)
        with self.assertRaises(self.gateway.exceptions.NotFoundException):
            wait_for(lambda: self.link_status(link) == "GONE")

    def test_a_link_keeps_its_subnets_and_takes_a_name_and_tags(self):
        link = self.create_link(Tags={"a": "b"})
        arn = f"arn:aws:apigateway:{REGION}::/vpclinks/{link}"
        self.gateway.update_vpc_link(VpcLinkId=link, Name="new")
        self.gateway.tag_resource(ResourceArn=arn, Tags={"c": "d"})
        self.gateway.untag_resource(ResourceArn=arn, TagKeys=["a"])
        [found] = [one for one in self.gateway.get_vpc_links()["Items"] if one["VpcLinkId"] == link]
        self.assertEqual((found["Name"], found["Tags"], found["SubnetIds"]), ("new", {"c": "d"}, [self.subnet]))
        with self.assertRaises(self.gateway.exceptions.BadRequestException):
            self.gateway.create_vpc_link(Name="link", SubnetIds=["subnet-0"])

    def test_iam_knows_links_by_verb_and_path(self):
        before = self.cloud.control("calls")[-1]["n"]
        self.link_status(self.link)
        [call] = self.cloud.control(f"calls?since={before}")
        self.assertEqual(
            (call["action"], call["resource"]),
            ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/vpclinks/{self.link}"),
        )

    def test_a_fault_names_the_operation(self):
        self.cloud.control(
            "faults", [{"service": "apigateway", "action": "CreateVpcLink", "mode": "error-before", "times": 1}]
        )
        self.addCleanup(self.cloud.control, "faults", [])
        with self.assertRaises(ClientError):
            self.create_link()
        self.create_link()

    def test_a_parameter_is_removed_by_an_empty_value(self):
        api = self.private_api(self.listener(self.group()))
        [integration] = self.gateway.get_integrations(ApiId=api)["Items"]
        updated = self.gateway.update_integration(
            ApiId=api, IntegrationId=integration["IntegrationId"], RequestParameters={"append:header.x-seen": ""}
        )
        self.assertEqual(set(updated["RequestParameters"]), {"overwrite:path", "remove:header.x-origin-verify"})


class HealthTest(unittest.TestCase):
    GROUP = {"HealthyThresholdCount": 2, "UnhealthyThresholdCount": 3}
    BAD = ("Target.Timeout", "Request timed out")

    def states(self, *results) -> list[str]:
        health = Health()
        found = []
        for result in results:
            health.record(result, self.GROUP)
            found.append(health.state)
        return found

    def test_a_new_target_requires_one_success(self):
        self.assertEqual(self.states(None), ["healthy"])

    def test_thresholds_count_consecutive_results(self):
        bad = self.BAD
        self.assertEqual(self.states(bad, bad, bad), ["initial", "initial", "unhealthy"])
        self.assertEqual(self.states(None, bad, bad, None, bad, bad, bad)[-2:], ["healthy", "unhealthy"])
        self.assertEqual(self.states(bad, bad, bad, None, bad, None, None)[-2:], ["unhealthy", "healthy"])
