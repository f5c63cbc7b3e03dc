"""Streamed responses of functions: what their caller gets, and what a function's end means to it."""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import textwrap
import unittest

from gatehouse_cloud.fidelity.awslambda.stream_parts import (
    CONTENT_TYPE,
    LARGEST_PRELUDE,
    SEPARATOR,
    Head,
    Parts,
    Rates,
    StreamBroken,
    StreamRefused,
)

from .harness import LAUNCHER, prelude

HANDLER = """
import json, os, sys, time
def head(status=200, **more):
    return json.dumps({"statusCode": status, "headers": {"x-own": "1"}, **more}).encode() + bytes(8)
def handle(event):
    print("asked to", event["do"], flush=True)
    yield from globals()[event["do"]](event)
def tokens(event):
    yield head()
    for number in range(event.get("count", 3)):
        time.sleep(event.get("pause", 0))
        yield b"token %d;" % number
    print("wrote all", flush=True)
def bulk(event):
    yield head()
    for _ in range(64):
        yield bytes(65536)
def split(event):
    text = head(201, cookies=["a=1", "b=2"], multiValueHeaders={"x-several": ["1", "2"]}) + b"body"
    for position in range(len(text)):
        yield text[position : position + 1]
def buffered(event):
    yield "application/json"
    yield b'{"statusCode": 200, "body": "whole"}'
def unfinished(event):
    yield b'{"statusCode": 200}'
def malformed(event):
    yield b"no JSON" + bytes(8) + b"body"
def empty(event):
    yield head(204)
def fails(event):
    yield head() + b"begun"
    raise ValueError("no more")
def dies(event):
    yield head() + b"begun"
    time.sleep(0.05)
    os._exit(3)
def dies_first(event):
    yield b'{"status'
    os._exit(3)
def hangs(event):
    yield head() + b"begun"
    time.sleep(60)
"""
# Runs the extensions without a server, and prints the result of each scenario.
SCRIPT = '''
import asyncio, json, sys, time
from gatehouse_cloud import environment
environment.enter(4566, sys.argv[1])
from gatehouse_cloud import extensions, state
from gatehouse_cloud.fidelity.awslambda import runtime
from gatehouse_cloud.fidelity.awslambda.streams import StreamBroken, StreamRefused, invoke_streaming
from gatehouse_cloud.fidelity.cloudfront.deployments import Fleet
from gatehouse_cloud.fidelity.cloudfront.edge import Viewers
from gatehouse_cloud.fidelity.cloudfront.origin_connections import Connections
from ministack.core import lambda_runtime
from ministack.services import lambda_svc
from tests.harness import STREAMING_BOOTSTRAP, package

run = state.State(Fleet(4, 0), Viewers("US"), Connections(0, ""), {}, "http://127.0.0.1:1")
extensions.install(run)
logs = {}
def emit(func, request_id, text, error, duration_ms, log_source=None):
    logs.setdefault(func["config"]["FunctionName"], []).append((text, duration_ms))
lambda_svc._emit_lambda_logs = emit

def function(name, timeout=10, reserved=None):
    lambda_svc._functions[name] = {
        "code_zip": package(sys.argv[2], STREAMING_BOOTSTRAP), "concurrency": reserved, "versions": {}, "aliases": {},
        "config": {"FunctionName": name, "FunctionArn": lambda_svc._func_arn(name), "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Timeout": timeout, "Version": "$LATEST", "State": "Active", "Role": ""},
    }

async def call(do, name="streams", on_part=lambda: None, **event):
    """The response, its body and how it ended."""
    began = time.monotonic()
    try:
        response = await invoke_streaming(name, {"do": do, **event})
    except StreamRefused as refused:
        return {"refused": refused.status, "reason": refused.reason}
    result = {"status": response.status, "headers": response.headers, "cookies": response.cookies, "body": "", "times": []}
    try:
        async for part in response:
            result["body"] += part.decode()
            result["times"].append(time.monotonic() - began)
            on_part()
        result["end"] = "clean"
    except StreamBroken as broken:
        result["end"] = str(broken)
    return result

def environments(name):
    return sum(1 for pool in lambda_runtime._workers.values() for worker in pool if worker.func_name == name)

async def left():
    """Leave after the first part, and wait for the log of the function's end."""
    function("left")
    response = await invoke_streaming("left", {"do": "tokens", "count": 5, "pause": 0.05})
    async for part in response:
        response.close()
        break
    at_once = len(logs.get("left", []))
    while not logs.get("left"):
        await asyncio.sleep(0.01)
    after = await call("tokens", "left")
    return {"at once": at_once, "log": logs["left"][0], "environments": environments("left"), "after": after}

async def slow_reader():
    function("slow-reader")
    response = await invoke_streaming("slow-reader", {"do": "bulk"})
    size = 0
    async for part in response:
        if not size:
            await asyncio.sleep(0.3)
            size_waiting = response._parts._waiting
        size += len(part)
    return {"waiting": size_waiting, "size": size}

async def main():
    function("streams")
    function("brief", timeout=1)
    function("two", reserved=2)
    function("many")
    found = {name: await call(name) for name in (
        "tokens", "split", "buffered", "unfinished", "malformed", "empty", "fails", "dies_first", "dies")}
    found["paced"] = await call("tokens", pause=0.3, count=4)
    # After each of them the next one is clean.
    found["again"] = await call("tokens")
    found["hangs"] = await call("hangs", "brief")
    found["brief log"] = logs["brief"][0][0]
    found["environments"] = environments("streams")
    found["missing"] = await call("tokens", "missing")
    found["large"] = await call("tokens", filling="x" * 7_000_000)
    found["throttled"] = await asyncio.gather(*(call("tokens", "two", pause=0.3, count=1) for _ in range(3)))
    found["released"] = await call("tokens", "two")
    found["many"] = await asyncio.gather(*(call("tokens", "many", pause=0.1, count=10) for _ in range(24)))
    found["many environments"] = environments("many")
    found["left"] = await left()
    found["slow reader"] = await slow_reader()
    found["buffered invocations"] = [
        (await asyncio.to_thread(lambda_svc._execute_function_with_config_scope, lambda_svc._functions["streams"], {"do": do}))["body"]
        for do in ("fails", "tokens", "buffered")
    ]
    function("limited")
    run.rates.limited, run.rates.unlimited_bytes, run.rates.bytes_per_second = True, 8, 16
    found["limited"] = await call("tokens", "limited")
    run.rates.limited, run.rates.largest = False, 12
    found["large body"] = await call("tokens", "limited")
    found["large body's log"] = logs["limited"][-1][0]
    found["killed"] = await call("hangs", on_part=lambda: runtime.kill("streams"))
    print(json.dumps(found))
    lambda_runtime.reset()

asyncio.run(main())
'''


class StreamsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as scratch:
            ended = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(SCRIPT), scratch, HANDLER],
                cwd=LAUNCHER.parent,
                capture_output=True,
                text=True,
                timeout=120,
            )
        if ended.returncode:
            raise AssertionError(ended.stderr)
        cls.found = json.loads(ended.stdout.splitlines()[-1])
        cls.printed = ended.stderr

    def test_a_response_is_streamed(self):
        for name in ("tokens", "again"):
            found = self.found[name]
            self.assertEqual((found["status"], found["end"]), (200, "clean"), name)
            self.assertEqual(found["body"], "token 0;token 1;token 2;", name)
            self.assertIn(["x-own", "1"], found["headers"], name)

    def test_each_chunk_comes_when_it_is_written(self):
        times = self.found["paced"]["times"]
        self.assertEqual(len(times), 4)
        # The function sleeps for 0.9 seconds between the first chunk and the last.
        self.assertGreater(times[-1] - times[0], 0.4)

    def test_the_prelude_may_come_in_pieces(self):
        found = self.found["split"]
        self.assertEqual((found["status"], found["body"], found["cookies"]), (201, "body", ["a=1", "b=2"]))
        self.assertEqual([value for name, value in found["headers"] if name == "x-several"], ["1", "2"])

    def test_a_response_that_is_not_streamed_is_refused(self):
        self.assertEqual(self.found["buffered"]["refused"], 500)

    def test_a_response_without_a_prelude_or_a_body_is_a_bad_gateway(self):
        for name in ("unfinished", "malformed", "empty", "dies_first"):
            self.assertEqual(self.found[name]["refused"], 502, name)

    def test_an_error_in_the_trailers_is_a_clean_end(self):
        found = self.found["fails"]
        self.assertEqual((found["body"], found["end"]), ("begun", "clean"))
        self.assertIn("ValueError after the head: no more", self.printed)

    def test_an_environment_that_ends_breaks_the_response_off(self):
        for name in ("dies", "killed"):
            found = self.found[name]
            self.assertEqual(found["body"], "begun", name)
            self.assertIn("Runtime exited", found["end"], name)

    def test_a_timeout_breaks_the_response_off_and_is_logged(self):
        found = self.found["hangs"]
        self.assertEqual(found["body"], "begun")
        self.assertIn("Task timed out after 1.00 seconds", found["end"])
        self.assertRegex(self.found["brief log"], r"(?m)^\S+ \S+ Task timed out after 1.00 seconds$")

    def test_the_speed_and_the_size_of_a_body_are_limited(self):
        found = self.found["limited"]
        self.assertEqual(found["end"], "clean")
        # Two tokens of eight bytes are beyond the first eight, and take a second.
        self.assertGreater(found["times"][-1] - found["times"][0], 0.5)
        found = self.found["large body"]
        self.assertEqual((found["body"], found["end"]), ("token 0;", "Function.ResponseSizeTooLarge"))
        # The function isn't told, and runs to its end.
        self.assertIn("wrote all", self.found["large body's log"])

    def test_chunks_and_trailers_are_read_for_buffered_invocations_too(self):
        fails, tokens, buffered = self.found["buffered invocations"]
        self.assertTrue(fails.endswith("\0begun"))
        self.assertTrue(tokens.endswith("\0token 0;token 1;token 2;"))
        self.assertEqual(buffered["body"], "whole")

    def test_one_environment_serves_them_one_after_another(self):
        self.assertEqual(self.found["environments"], 1)

    def test_refusals_before_the_function_runs(self):
        self.assertEqual(self.found["missing"]["refused"], 500)
        self.assertEqual(self.found["large"]["refused"], 413)

    def test_an_open_stream_is_one_concurrent_execution(self):
        throttled = [found for found in self.found["throttled"] if found.get("refused")]
        self.assertEqual([found["refused"] for found in throttled], [429])
        self.assertEqual(self.found["released"]["end"], "clean")

    def test_many_streams_are_open_at_once(self):
        whole = "".join(f"token {number};" for number in range(10))
        self.assertEqual([(found["body"], found["end"]) for found in self.found["many"]], [(whole, "clean")] * 24)
        self.assertEqual(self.found["many environments"], 24)

    def test_a_caller_that_leaves_does_not_end_the_function(self):
        found = self.found["left"]
        self.assertEqual(found["at once"], 0)
        text, duration = found["log"]
        self.assertIn("wrote all", text)
        self.assertGreaterEqual(duration, 200)
        self.assertEqual((found["environments"], found["after"]["body"]), (1, "token 0;token 1;token 2;"))

    def test_a_function_waits_for_a_slow_caller(self):
        found = self.found["slow reader"]
        self.assertLessEqual(found["waiting"], 1 << 20)
        self.assertEqual(found["size"], 64 * 65536)


class PartsTest(unittest.IsolatedAsyncioTestCase):
    async def passed(self, *data: bytes, rates: Rates | None = None, failure: StreamRefused | None = None) -> list:
        """What a caller gets of a response."""
        parts = Parts(asyncio.get_running_loop(), rates or Rates())
        parts.begin(CONTENT_TYPE)
        for part in data:
            parts.write(part)
        parts.finish(failure)
        got = []
        try:
            while (part := await parts.next()) is not None:
                got.append(part)
        except (StreamRefused, StreamBroken) as problem:
            got.append(problem)
        return got

    async def test_the_head_leaves_with_the_first_byte_of_the_body(self):
        self.assertEqual(await self.passed(prelude(201), b"a", b"b"), [Head(201), b"a", b"b"])

    async def test_the_prelude_has_at_most_16_kib(self):
        whole = prelude(headers={"x": ""})
        for missing, status in ((0, None), (1, 502)):
            filling = "x" * (LARGEST_PRELUDE + 8 - len(whole) + missing)
            got = await self.passed(prelude(headers={"x": filling}), b"body")
            self.assertEqual(getattr(got[0], "reason", None) and got[0].status, status)
        self.assertEqual((await self.passed(*[b"x" * 1000] * 17, bytes(8)))[0].status, 502)

    async def test_statuses_that_no_response_has(self):
        for status in (99, 199, 600, "many", None, float("inf"), float("nan")):
            self.assertEqual((await self.passed(prelude(status), b"body"))[0].status, 502, status)

    async def test_a_prelude_that_is_nested_too_deeply(self):
        self.assertEqual((await self.passed(b"[" * 16_000 + SEPARATOR, b"body"))[0].status, 502)

    async def test_any_bytes_in_any_pieces(self):
        generator = random.Random(19)
        whole = prelude(201, headers={"a": "1"}, multiValueHeaders={"b": ["2", "3"]}, cookies=["c=4"]) + b"the\0body"
        outcomes = set()
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(generator.randrange(4)):
                at = generator.randrange(len(data))
                data[at : at + generator.randrange(3)] = generator.choice(
                    (b"", b"\0", b'"', b"{", b"9", b"\xff", b"null")
                )
            cuts = sorted(generator.choices(range(len(data) + 1), k=generator.randrange(5)))
            pieces = [bytes(data[start:end]) for start, end in zip([0, *cuts], [*cuts, len(data)])]
            got = await self.passed(*pieces)
            outcomes.add(type(got[0]))
            head, _, body = bytes(data).partition(SEPARATOR)
            try:
                wanted = [Head.parse(head), body] if body else None
            except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
                wanted = None
            with self.subTest(bytes(data)):
                if wanted is None:
                    self.assertEqual([one.status for one in got], [502])
                else:
                    self.assertEqual([got[0], b"".join(got[1:])], wanted)
        self.assertEqual(outcomes, {Head, StreamRefused})

    async def test_a_failure_after_the_head_breaks_off(self):
        got = await self.passed(prelude(), b"body", failure=StreamRefused(502, "died"))
        self.assertEqual(got[:2], [Head(200), b"body"])
        self.assertIsInstance(got[2], StreamBroken)

    async def test_a_function_that_never_begins_a_response_has_none(self):
        parts = Parts(asyncio.get_running_loop(), Rates())
        parts.finish(None)
        with self.assertRaises(StreamRefused) as refused:
            await parts.next()
        self.assertEqual(refused.exception.status, 500)

    async def test_the_size_is_limited(self):
        got = await self.passed(prelude(), b"12345", b"678", b"9", rates=Rates(largest=7))
        self.assertEqual(got[:2], [Head(200), b"12345"])
        self.assertIn("Function.ResponseSizeTooLarge", str(got[2]))

    def test_the_speed_is_limited_beyond_the_first_bytes(self):
        rates = Rates(limited=True, unlimited_bytes=100, bytes_per_second=10)
        self.assertEqual([rates.pause(0, 100), rates.pause(90, 30), rates.pause(120, 10)], [0, 2, 1])
        self.assertEqual(Rates(unlimited_bytes=100).pause(120, 10), 0)
