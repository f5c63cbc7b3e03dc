"""Responses on their way through CloudFront: each part at once, the origin's pauses, and how either side ends it.

No test measures a time: the origin sends a part only after the viewer has the one before.
"""

import asyncio
import http.client
import socket
import ssl
import time
import unittest
import urllib.parse

import h2.config
import h2.connection
import h2.events

from gatehouse_cloud import disconnects

from .harness import distribution_config
from .origin_server import OriginServer, Request
from .test_edge import EdgeTest, custom, response_policy

CHUNKED = "Transfer-Encoding: chunked"
EVENTS = "Content-Type: text/event-stream"


def origin_of(server: OriginServer, identity: str = "api", path: str = "", secret: str = "secret") -> dict:
    """An origin in plain HTTP."""
    return {
        "Id": identity,
        "DomainName": "localhost",
        "OriginPath": path,
        "CustomHeaders": {"Quantity": 1, "Items": [{"HeaderName": "x-origin-verify", "HeaderValue": secret}]},
        "CustomOriginConfig": {
            "HTTPPort": server.port,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "http-only",
            "OriginReadTimeout": 30,
        },
    }


class StreamTest(EdgeTest):
    """A distribution in front of an origin that the test speaks for."""

    def setUp(self):
        super().setUp()
        self.origin = OriginServer()
        self.addCleanup(self.origin.stop)

    def deploy(self, *origins: dict, behaviors: tuple = (), read_timeout: int = 30, **default) -> dict:
        config = distribution_config("localhost", "secret")
        items = list(origins or [origin_of(self.origin)])
        for item in items:
            item["CustomOriginConfig"]["OriginReadTimeout"] = read_timeout
        config["Origins"] = {"Quantity": len(items), "Items": items}
        config["DefaultCacheBehavior"] |= default
        ordered = [{**config["DefaultCacheBehavior"], **behavior} for behavior in behaviors]
        config["CacheBehaviors"] = {"Quantity": len(ordered), "Items": ordered}
        return self.cloud.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]

    def request(self, path: str = "/x", method: str = "GET", connection=None) -> tuple:
        """The viewer's connection, and the request at the origin."""
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.cloud.distribution_port, timeout=10)
            self.addCleanup(connection.close)
        connection.request(method, path)
        return connection, self.origin.take()

    def streaming(self, **options) -> tuple[http.client.HTTPConnection, Request, http.client.HTTPResponse]:
        """A response whose head has arrived, and nothing of its body."""
        connection, request = self.request(**options)
        request.head(CHUNKED, EVENTS)
        return connection, request, connection.getresponse()


class PassingTest(StreamTest):
    def test_the_head_and_each_part_come_at_once(self):
        self.deploy()
        _, request, response = self.streaming()
        self.assertEqual((response.status, response.headers["Transfer-Encoding"]), (200, "chunked"))
        self.assertEqual(response.headers["Content-Type"], "text/event-stream")
        for number in range(20):
            part = b"data: %d\n\n" % number
            request.chunk(part)
            self.assertEqual(response.read1(), part)
        request.chunk(b"")
        self.assertEqual(response.read(), b"")

    def test_a_body_with_a_length_comes_at_once_too(self):
        self.deploy()
        connection, request = self.request()
        request.head("Content-Length: 4")
        response = connection.getresponse()
        self.assertNotIn("Transfer-Encoding", response.headers)
        for part in (b"ab", b"cd"):
            request.raw(part)
            self.assertEqual(response.read1(2), part)
        self.assertEqual(response.read(), b"")

    def test_policies_and_functions_change_the_head(self):
        code = "function handler(event) { event.response.headers['x-shown'] = {value: 'yes'}; return event.response; }"
        policy = response_policy(self, CustomHeadersConfig=custom("X-Policy", "set"))
        self.deploy(ResponseHeadersPolicyId=policy, **self.functions(viewer_response=code))
        _, request, response = self.streaming()
        self.assertEqual((response.headers["X-Shown"], response.headers["X-Policy"]), ("yes", "set"))
        request.chunk(b"part")
        self.assertEqual(response.read1(), b"part")
        request.chunk(b"")
        self.assertEqual(response.read(), b"")

    def test_a_head_alone(self):
        self.deploy()
        connection, request = self.request(method="HEAD")
        self.assertEqual(request.method, "HEAD")
        request.head(CHUNKED)
        self.assertEqual(connection.getresponse().read(), b"")
        request.await_next()
        connection, request = self.request(connection=connection)
        request.head("Content-Length: 0", status="204 No Content")
        self.assertEqual(connection.getresponse().status, 204)

    def test_many_streams_at_once(self):
        self.deploy()
        streams = [self.streaming() for _ in range(20)]
        for number in range(3):
            for _, request, _ in streams:
                request.chunk(b"%d %d" % (number, request.connection))
            for _, request, response in streams:
                self.assertEqual(response.read1(), b"%d %d" % (number, request.connection))
        for _, request, response in streams:
            request.chunk(b"")
            self.assertEqual(response.read(), b"")

    def test_over_http_2(self):
        distribution = self.deploy()
        viewer = Http2(self, distribution["DomainName"])
        viewer.request("/whole")
        request = self.origin.take()
        request.head(CHUNKED, EVENTS)
        self.assertIn((b":status", b"200"), viewer.next(h2.events.ResponseReceived).headers)
        for part in (b"one", b"two"):
            request.chunk(part)
            self.assertEqual(viewer.next(h2.events.DataReceived).data, part)
        request.await_next()
        request.chunk(b"")
        viewer.next(h2.events.StreamEnded)
        viewer.request("/broken")
        request = self.origin.take()
        request.head(CHUNKED)
        request.chunk(b"one")
        self.assertEqual(viewer.next(h2.events.DataReceived).data, b"one")
        request.close()
        self.assertIsNotNone(viewer.next(h2.events.StreamReset, never=h2.events.StreamEnded))
        viewer.request("/left")
        request = self.origin.take()
        request.head(CHUNKED)
        viewer.next(h2.events.ResponseReceived)
        viewer.leave()
        self.assertTrue(request.closed())


class EndTest(StreamTest):
    def test_an_origin_that_breaks_off_never_looks_whole(self):
        self.deploy()
        for lines, data in (((CHUNKED,), b"3\r\nabc\r\n"), ((CHUNKED,), b"5\r\nab"), (("Content-Length: 9",), b"abc")):
            with self.subTest(data):
                connection, request = self.request()
                request.head(*lines)
                request.raw(data)
                response = connection.getresponse()
                request.close()
                with self.assertRaises(http.client.IncompleteRead):
                    response.read()

    def test_an_origin_that_closes_before_the_head_is_a_bad_gateway(self):
        self.deploy()
        connection, request = self.request()
        request.close()
        self.assertEqual(connection.getresponse().status, 502)

    def test_the_read_timeout_is_that_of_each_pause(self):
        self.deploy(read_timeout=4)
        connection, request = self.request()
        for step in (lambda: request.head(CHUNKED), *[lambda: request.chunk(b"part")] * 3, lambda: request.chunk(b"")):
            time.sleep(1)  # together more than the timeout
            step()
        self.assertEqual(connection.getresponse().read(), b"part" * 3)

    def test_silence_before_the_head_is_a_gateway_timeout(self):
        self.deploy(read_timeout=1)
        connection, request = self.request()
        self.assertEqual(connection.getresponse().status, 504)
        self.assertTrue(request.closed())

    def test_silence_after_the_head_breaks_off(self):
        self.deploy(read_timeout=1)
        _, request, response = self.streaming()
        request.chunk(b"part")
        with self.assertRaises(http.client.IncompleteRead):
            response.read()
        self.assertTrue(request.closed())

    def test_a_viewer_that_leaves_closes_the_connection_to_the_origin(self):
        self.deploy()
        connection, request = self.request("/before")
        connection.close()
        self.assertTrue(request.closed())
        connection, request, response = self.streaming(path="/after")
        request.chunk(b"part")
        self.assertEqual(response.read1(), b"part")
        response.close()
        connection.close()
        self.assertTrue(request.closed())

    def test_a_connection_is_used_again_after_a_whole_response_only(self):
        self.deploy()
        connection, first = self.request()
        first.await_next()
        first.head("Content-Length: 2")
        first.raw(b"ok")
        self.assertEqual(connection.getresponse().read(), b"ok")
        _, second = self.request()
        self.assertEqual(second.connection, first.connection)
        second.head(CHUNKED)
        second.close()
        _, third = self.request()
        self.assertNotEqual(third.connection, first.connection)

    def test_a_response_that_an_error_page_replaces_is_closed(self):
        pages = {"ErrorCode": 503, "ResponsePagePath": "/sorry", "ResponseCode": "503", "ErrorCachingMinTTL": 0}
        distribution = self.deploy()
        cloudfront = self.cloud.client("cloudfront")
        current = cloudfront.get_distribution_config(Id=distribution["Id"])
        config = {**current["DistributionConfig"], "CustomErrorResponses": {"Quantity": 1, "Items": [pages]}}
        cloudfront.update_distribution(Id=distribution["Id"], IfMatch=current["ETag"], DistributionConfig=config)
        connection, request = self.request()
        request.head(CHUNKED, status="503 Service Unavailable")
        page = self.origin.take()
        self.assertEqual(page.target, "/sorry")
        page.head("Content-Length: 5")
        page.raw(b"sorry")
        response = connection.getresponse()
        self.assertEqual((response.status, response.read()), (503, b"sorry"))
        self.assertTrue(request.closed())


class DisconnectTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_client_that_left_stays_away(self):
        messages: asyncio.Queue = asyncio.Queue()
        receive = disconnects.remembered(messages.get)
        for kind in ("http.request", "http.disconnect"):
            messages.put_nowait({"type": kind})
        self.assertEqual((await receive())["type"], "http.request")
        for _ in range(2):
            await asyncio.wait_for(disconnects.until_disconnected(receive), 5)


class OriginsTest(StreamTest):
    def test_a_request_goes_to_the_origin_of_the_first_behavior_that_matches(self):
        origins = [
            origin_of(self.origin, "api", secret="of api"),
            origin_of(self.origin, "stream", path="/live", secret="of stream"),
            origin_of(self.origin, "other", path="/other", secret="of other"),
        ]
        behaviors = (
            {"PathPattern": "/api/chat/*", "TargetOriginId": "stream"},
            {"PathPattern": "/api/v1/chat/*", "TargetOriginId": "stream"},
            {"PathPattern": "/api/*", "TargetOriginId": "other"},
        )
        self.deploy(*origins, behaviors=behaviors)
        for path, target, secret in (
            ("/api/chat/completions?a=1", "/live/api/chat/completions?a=1", "of stream"),
            ("/api/v1/chat/completions", "/live/api/v1/chat/completions", "of stream"),
            ("/api/chat", "/other/api/chat", "of other"),
            ("/api/models", "/other/api/models", "of other"),
            ("/API/chat/x", "/API/chat/x", "of api"),
            ("/", "/", "of api"),
        ):
            with self.subTest(path):
                connection, request = self.request(path)
                self.assertEqual((request.target, request.headers["x-origin-verify"]), (target, secret))
                request.await_next()
                request.head("Content-Length: 0")
                self.assertEqual(connection.getresponse().status, 200)


class Http2:
    """A viewer over TLS and HTTP/2, through the tunnels by which functions reach the distribution."""

    def __init__(self, test: StreamTest, host: str):
        variables = test.cloud.control("instance")["environment"]
        proxy = urllib.parse.urlsplit(variables["HTTPS_PROXY"])
        plain = socket.create_connection((proxy.hostname, proxy.port), timeout=10)
        plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        test.assertIn(b" 200 ", plain.recv(1024))
        context = ssl.create_default_context(cafile=variables["SSL_CERT_FILE"])
        context.set_alpn_protocols(["h2"])
        self._socket = context.wrap_socket(plain, server_hostname=host)
        test.addCleanup(self._socket.close)
        self._host = host
        self._connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
        self._connection.initiate_connection()
        self._events: list = []

    def request(self, path: str) -> None:
        """Send a request, and forget what came before."""
        self._events.clear()
        head = {":method": "GET", ":scheme": "https", ":authority": self._host, ":path": path}
        self._stream = self._connection.get_next_available_stream_id()
        self._connection.send_headers(self._stream, list(head.items()), end_stream=True)
        self._socket.sendall(self._connection.data_to_send())

    def leave(self) -> None:
        """End the last request, and keep the connection."""
        self._connection.reset_stream(self._stream)
        self._socket.sendall(self._connection.data_to_send())

    def next(self, wanted: type, never: type | None = None):
        """Return the next event of a type; fail if one of the other comes first."""
        while True:
            for event in self._events:
                if never and isinstance(event, never):
                    raise AssertionError(f"got {event}")
                if isinstance(event, wanted):
                    self._events.remove(event)
                    return event
            data = self._socket.recv(65536)
            if not data:
                raise AssertionError("the connection is closed")
            self._events += self._connection.receive_data(data)
            self._socket.sendall(self._connection.data_to_send())
