"""Starts a launcher on free ports, with functions that need no compiler."""

import ctypes
import http.client
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

LAUNCHER = Path(__file__).parent.parent / "launcher.py"
REGION = "us-east-1"
# One for all clients: it keeps the API models it has read.
SESSION = botocore.session.get_session()

# A custom runtime in Python: reads the handler's source from the package and serves the Runtime API with it.
BOOTSTRAP = f"""#!{sys.executable}
import http.client, json, os, traceback
handler = {{}}
exec(open("handler.py").read(), handler)
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    response = connection.getresponse()
    request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())
    try:
        kind, answer = "response", handler["handle"](event)
    except Exception as error:
        kind, answer = "error", {{"errorType": type(error).__name__, "errorMessage": str(error)}}
    connection.request("POST", f"/2018-06-01/runtime/invocation/{{request}}/{{kind}}", json.dumps(answer))
    connection.getresponse().read()
"""

# A custom runtime that streams: handle(event) yields the parts of the response, the prelude first. It may yield a string
# before the first part, the content type; an exception becomes an error in the trailers.
STREAMING_BOOTSTRAP = f"""#!{sys.executable}
import base64, http.client, json, os, socket
handler = {{}}
exec(open("handler.py").read(), handler)
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
connection = http.client.HTTPConnection(host, port)
while True:
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    response = connection.getresponse()
    request, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())
    kind, parts, error = "application/vnd.awslambda.http-integration-response", handler["handle"](event), None
    first = next(parts)
    if isinstance(first, str):
        kind, first = first, next(parts)
    connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{{request}}/response")
    for name, value in (("Content-Type", kind), ("Transfer-Encoding", "chunked"), ("Trailer", "Lambda-Runtime-Function-Error-Type")):
        connection.putheader(name, value)
    connection.endheaders()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    def send(part):
        if part:
            connection.send(b"%x\\r\\n%s\\r\\n" % (len(part), part))
    try:
        send(first)
        for part in parts:
            send(part)
    except Exception as problem:
        error = problem
    trailers = "" if error is None else (
        f"Lambda-Runtime-Function-Error-Type: {{type(error).__name__}}\\r\\n"
        f"Lambda-Runtime-Function-Error-Body: {{base64.b64encode(str(error).encode()).decode()}}\\r\\n")
    connection.send(f"0\\r\\n{{trailers}}\\r\\n".encode())
    connection.getresponse().read()
"""


def prelude(status: int = 200, **members) -> bytes:
    """The head of a streamed response, as a function writes it."""
    return json.dumps({"statusCode": status, **members}).encode() + bytes(8)


def package(source: str, bootstrap: str = BOOTSTRAP) -> bytes:
    """The deployment package of a function."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, bootstrap)
        archive.writestr("handler.py", source)
    return packed.getvalue()


def free_port() -> int:
    """Return a free port."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return free ports that differ.

    They are below those that the system gives to connections, one of which could have one before the launcher binds it.
    """
    found = []
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"there are no {count} free ports")


def wait_for(condition, seconds: float = 5, every: float = 0.02):
    """Return the first true value of a condition; fail the test if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"did not happen within {seconds} s: {condition}")


def end_with_tests() -> None:
    """Let the kernel end the launcher with the tests, also when those are killed.

    Only Linux can do that. The signal follows the thread that starts the launcher: the main one, which lives as long as
    the tests.
    """
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Launcher:
    """One running launcher."""

    def __init__(self, *options: str):
        self.port, self.distribution_port, self.api_port = free_ports(3)
        self.log = tempfile.NamedTemporaryFile(suffix=".log")
        self.temporary = tempfile.TemporaryDirectory()
        self._clients: dict[tuple, object] = {}
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(LAUNCHER),
                "--port",
                str(self.port),
                "--distribution-port",
                str(self.distribution_port),
                "--api-port",
                str(self.api_port),
                *options,
            ],
            stdout=self.log.fileno(),
            stderr=subprocess.STDOUT,
            env={**os.environ, "SURROUNDINGS": "leaked", "TMPDIR": self.temporary.name},
            preexec_fn=end_with_tests,
        )
        try:
            wait_for(self._ready, 60)
        except AssertionError:
            output = self.output()  # the log goes with stop
            self.stop()
            raise AssertionError(f"the launcher did not start:\n{output}") from None

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the launcher ended:\n{self.output()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_ministack/health") as response:
                return response.status == 200
        except OSError:
            return False

    def output(self) -> str:
        """Everything it printed so far."""
        return Path(self.log.name).read_text()

    def stop(self) -> None:
        """End it as the sandbox does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.log.close()
        self.temporary.cleanup()
        for client in self._clients.values():
            client.close()

    def client(
        self,
        service: str,
        access_key: str = "test",
        secret: str = "test",
        token: str | None = None,
        region: str = REGION,
    ):
        """An SDK client."""
        key = (service, access_key, secret, region)
        if key not in self._clients:
            self._clients[key] = SESSION.create_client(
                service,
                region_name=region,
                endpoint_url=f"http://127.0.0.1:{self.port}",
                aws_access_key_id=access_key,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[key]

    def signed(
        self, service: str, path: str, form: dict | None = None, credentials: tuple[str, str] = ("test", "test")
    ):
        """Return status and parsed XML of a response, which SDKs for Python read more leniently than others."""
        url, data = f"http://127.0.0.1:{self.port}{path}", urllib.parse.urlencode(form) if form else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        request = AWSRequest("POST" if form else "GET", url, data=data, headers=kind)
        SigV4Auth(Credentials(*credentials), service, REGION).add_auth(request)
        status, body = get(url, dict(request.headers.items()), data and data.encode())
        return status, ElementTree.fromstring(body)

    def control(self, name: str, value=None):
        """Read a control, or set it."""
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_gatehouse/{name}", data, method="GET" if value is None else "PUT"
        )
        with urllib.request.urlopen(request) as response:
            lines = [json.loads(line) for line in response.read().splitlines()]
        return lines if name.startswith(("calls", "origin-headers")) else lines[0]

    def role(self, name: str, *statements: dict) -> str:
        """A role for functions with these permissions."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
        )
        if statements:
            self.permit(name, *statements)
        return role["Role"]["Arn"]

    def permit(self, role: str, *statements: dict) -> None:
        """Give a role these permissions instead of the ones it has."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
        self.client("iam").put_role_policy(RoleName=role, PolicyName="permissions", PolicyDocument=json.dumps(policy))

    def function(self, name: str, source: str, role: str, bootstrap: str = BOOTSTRAP, **settings) -> str:
        """A function whose source defines handle(event); with STREAMING_BOOTSTRAP it yields a streamed response."""
        created = self.client("lambda").create_function(
            FunctionName=name,
            Role=role,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Code={"ZipFile": package(source, bootstrap)},
            **{"Timeout": 20, **settings},
        )
        wait_for(lambda: self.client("lambda").get_function_configuration(FunctionName=name)["State"] == "Active")
        return created["FunctionArn"]

    def invoke(self, name: str, event=None) -> dict:
        """Invoke a function and return its response."""
        response = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
        return json.loads(response["Payload"].read())

    def api(
        self, function_arn: str, route: str = "ANY /{path+}", stage: dict | None = None, authorizer: dict | None = None
    ) -> str:
        """An HTTP API with one route to a function; returns its id."""
        gateway = self.client("apigatewayv2")
        api = gateway.create_api(Name="test", ProtocolType="HTTP")["ApiId"]
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function_arn, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        extra = {}
        if authorizer:
            created = gateway.create_authorizer(
                ApiId=api,
                AuthorizerType="REQUEST",
                Name="test",
                EnableSimpleResponses=True,
                AuthorizerPayloadFormatVersion="2.0",
                **authorizer,
            )
            extra = {"AuthorizationType": "CUSTOM", "AuthorizerId": created["AuthorizerId"]}
        gateway.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}", **extra)
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, **(stage or {}))
        return api

    def distribution(self, domain: str, header: str = "first") -> str:
        """A distribution in front of an API that sends x-origin-verify; returns its id."""
        created = self.client("cloudfront").create_distribution(DistributionConfig=distribution_config(domain, header))
        return created["Distribution"]["Id"]

    def set_header(self, distribution: str, value: str) -> str:
        """Change the header that a distribution sends; returns the ETag it replaced."""
        cloudfront = self.client("cloudfront")
        current = cloudfront.get_distribution_config(Id=distribution)
        config = current["DistributionConfig"]
        config["Origins"]["Items"][0]["CustomHeaders"]["Items"][0]["HeaderValue"] = value
        cloudfront.update_distribution(Id=distribution, IfMatch=current["ETag"], DistributionConfig=config)
        return current["ETag"]

    def status(self, distribution: str) -> str:
        """InProgress or Deployed."""
        return self.client("cloudfront").get_distribution(Id=distribution)["Distribution"]["Status"]


class Viewer:
    """One kept-alive connection to the distribution's port, so one edge."""

    def __init__(self, launcher: Launcher):
        self._connection = http.client.HTTPConnection("127.0.0.1", launcher.distribution_port, timeout=10)

    def get(self, path: str = "/x", headers: dict | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Return status, headers and body of a response."""
        self._connection.request("GET", path, headers=headers or {})
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def latencies(self, requests: int = 40) -> list[float]:
        """Return the seconds until the response of each request, the shortest first; fail if one is not a 200."""
        taken = []
        for _ in range(requests):
            began = time.perf_counter()
            status, _, body = self.get()
            taken.append(time.perf_counter() - began)
            if status != 200:
                raise AssertionError(f"got {status}: {body!r}")
        return sorted(taken)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def distribution_config(domain: str, header: str) -> dict:
    """Return the least that CloudFront accepts, with managed policies: caching disabled, all viewer headers except Host."""
    return {
        "CallerReference": str(time.time_ns()),
        "Comment": "test",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "api",
                    "DomainName": domain,
                    "CustomHeaders": {
                        "Quantity": 1,
                        "Items": [{"HeaderName": "x-origin-verify", "HeaderValue": header}],
                    },
                    "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": {
                "Quantity": 7,
                "Items": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
                "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            },
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            "OriginRequestPolicyId": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        },
    }


def get(url: str, headers: dict | None = None, data: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body of a response, of any status; send a POST if there is data."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers or {})) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class CloudTest(unittest.TestCase):
    """Tests that share one launcher."""

    options: tuple[str, ...] = ()
    cloud: Launcher

    @classmethod
    def setUpClass(cls):
        cls.cloud = Launcher(*cls.options)
        cls.addClassCleanup(cls.cloud.stop)
