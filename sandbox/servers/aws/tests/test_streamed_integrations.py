"""REST APIs: integrations whose responses are streamed."""

import json
import time

from .harness import REGION, STREAMING_BOOTSTRAP, Viewer, distribution_config, prelude, wait_for
from .rest import ECHO, RestTest, definition, integration, operation

# The prelude of each response; then what the path says.
STREAMING = f"""
import time
def handle(event):
    kind = event["pathParameters"]["proxy"]
    if kind == "plain":
        yield "application/json"
        yield b'{{"statusCode": 200, "body": "whole"}}'
        return
    if kind == "failing":
        raise Exception("before the head")
    if kind == "slow-head":
        time.sleep(3)
    yield {prelude(207, headers={"content-type": "text/event-stream", "server": "mine"}, cookies=["a=1", "b=2"])!r}
    for number in range(3):
        yield b"data: %d\\n\\n" % number
        if kind == "dying":
            __import__("os")._exit(1)
        time.sleep({{"silent": 4}}.get(kind, 0.3))
    if kind == "trailing":
        raise Exception("after the head")
    yield b"data: [DONE]\\n\\n"
"""


class StreamTest(RestTest):
    options = ("--deploy-seconds", "0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        role = cls.cloud.role("functions")
        cls.function = cls.cloud.function("streaming", STREAMING, role, STREAMING_BOOTSTRAP)
        cls.permit(cls, "streaming")

    def setUp(self):
        self.addCleanup(self.cloud.control, "restapis", {"scale": 1})

    def streaming(self, function: str = "", timeout: int = 60_000) -> str:
        streamed = integration(function or self.function, streams=True, timeoutInMillis=timeout)
        return self.deployed(definition({"/x/{proxy+}": {"x-amazon-apigateway-any-method": operation(streamed)}}))

    def arrivals(self, response) -> tuple[list[tuple[float, bytes]], bool]:
        """The parts of a response with the seconds after which they came, and whether it ended as it should."""
        began, found = time.monotonic(), []
        try:
            while part := response.read1():
                found.append((time.monotonic() - began, part))
        except Exception:
            return found, False
        return found, True

    def stream(self, api: str, kind: str):
        connection = self.opened(api, f"/live/x/{kind}", method="POST", body=b"{}")
        self.addCleanup(connection.close)
        response = connection.getresponse()
        return response, *self.arrivals(response)

    def test_parts_leave_as_they_come(self):
        response, parts, complete = self.stream(self.streaming(), "paced")
        self.assertEqual(response.status, 207)
        self.assertEqual(b"".join(part for _, part in parts), b"data: 0\n\ndata: 1\n\ndata: 2\n\ndata: [DONE]\n\n")
        self.assertTrue(complete)
        # The function sleeps for 0.9 seconds between the first part and the last.
        self.assertGreater(parts[-1][0] - parts[0][0], 0.5)

    def test_the_head(self):
        response, _, _ = self.stream(self.streaming(), "paced")
        self.assertEqual(response.headers["content-type"], "text/event-stream")
        self.assertEqual(response.headers["x-amzn-Remapped-server"], "mine")
        self.assertEqual(response.headers.get_all("set-cookie"), ["a=1", "b=2"])
        self.assertTrue(response.headers["x-amzn-requestid"] and response.headers["x-amz-apigw-id"])
        self.assertNotIn("content-length", response.headers)

    def test_a_buffered_response_is_a_500(self):
        status, _, body = self.request(self.streaming(), "/live/x/plain")
        self.assertEqual((status, json.loads(body)), (500, {"message": "Internal server error"}))
        buffered = self.cloud.function("buffered", ECHO, self.cloud.role("buffered"))
        self.permit("buffered")
        self.assertEqual(self.request(self.streaming(buffered), "/live/x/y")[0], 500)

    def test_a_streamed_response_to_a_buffered_integration_is_a_502(self):
        api = self.deployed(definition({"/x/{proxy+}": {"get": operation(integration(self.function))}}))
        self.assertEqual(self.request(api, "/live/x/paced")[0], 502)

    def test_a_failure_before_the_head_is_a_502(self):
        status, _, body = self.request(self.streaming(), "/live/x/failing")
        self.assertEqual((status, json.loads(body)), (502, {"message": "Internal server error"}))

    def test_an_error_in_the_trailers_ends_the_response_cleanly(self):
        _, parts, complete = self.stream(self.streaming(), "trailing")
        self.assertEqual((b"".join(part for _, part in parts)[-9:], complete), (b"data: 2\n\n", True))

    def test_a_function_that_dies_breaks_the_response_off(self):
        _, parts, complete = self.stream(self.streaming(), "dying")
        self.assertEqual(([part for _, part in parts], complete), ([b"data: 0\n\n"], False))

    def test_one_stream_too_many_is_a_500(self):
        single = self.cloud.function("single", STREAMING, self.cloud.role("single"), STREAMING_BOOTSTRAP)
        self.permit("single")
        self.cloud.client("lambda").put_function_concurrency(FunctionName="single", ReservedConcurrentExecutions=1)
        api = self.streaming(single)
        connection = self.opened(api, "/live/x/silent", method="POST", body=b"{}")
        self.addCleanup(connection.close)
        connection.getresponse().read1()
        status, _, body = self.request(api, "/live/x/paced")
        self.assertEqual((status, json.loads(body)), (500, {"message": "Internal server error"}))

    def test_a_head_that_comes_too_late_is_a_504(self):
        status, _, body = self.request(self.streaming(timeout=500), "/live/x/slow-head")
        self.assertEqual((status, json.loads(body)), (504, {"message": "Endpoint request timed out"}))

    def test_a_stream_ends_at_its_timeout(self):
        _, parts, complete = self.stream(self.streaming(timeout=5000), "silent")
        self.assertEqual((parts[0][1], complete), (b"data: 0\n\n", False))

    def test_a_stream_that_is_silent_for_too_long_ends(self):
        self.cloud.control("restapis", {"scale": 0.01})  # 3 of 300 seconds
        _, parts, complete = self.stream(self.streaming(timeout=900_000), "silent")
        self.assertEqual((len(parts), complete), (1, False))
        _, parts, complete = self.stream(self.streaming(timeout=900_000), "paced")
        self.assertEqual((parts[-1][1][-14:], complete), (b"data: [DONE]\n\n", True))

    def test_a_client_that_leaves_does_not_stop_the_function(self):
        api = self.streaming()
        connection = self.opened(api, "/live/x/paced", method="POST", body=b"{}")
        connection.getresponse().read1()
        connection.close()
        # The next response is whole.
        _, parts, complete = self.stream(api, "paced")
        self.assertEqual((parts[-1][1][-14:], complete), (b"data: [DONE]\n\n", True))

    def test_a_missing_permission_is_a_500(self):
        other = self.cloud.function("other", STREAMING, self.cloud.role("other"), STREAMING_BOOTSTRAP)
        self.assertEqual(self.request(self.streaming(other), "/live/x/paced")[0], 500)

    def test_through_a_distribution(self):
        api = self.streaming()
        config = distribution_config(f"{api}.execute-api.{REGION}.amazonaws.com", "secret")
        config["Origins"]["Items"][0]["OriginPath"] = "/live"
        self.cloud.client("cloudfront").create_distribution(DistributionConfig=config)
        viewer = Viewer(self.cloud)
        self.addCleanup(viewer.close)
        wait_for(lambda: viewer.get("/x/paced")[0] == 207)
        self.assertEqual(viewer.get("/x/paced")[2], b"data: 0\n\ndata: 1\n\ndata: 2\n\ndata: [DONE]\n\n")

    def test_the_scale_is_a_part(self):
        for scale in (0, 2, True, "1", None):
            with self.subTest(scale), self.assertRaises(Exception):
                self.cloud.control("restapis", {"scale": scale})
        self.assertEqual(self.cloud.control("restapis"), {"scale": 1})
