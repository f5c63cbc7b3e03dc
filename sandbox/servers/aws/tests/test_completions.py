"""Bedrock's completions: a fixed one, or a real model's, and its failures."""

import http.server
import json
import threading
import unittest

from botocore.exceptions import ClientError

from .harness import CloudTest, free_port

MODEL = "amazon.nova-micro-v1:0"
QUESTION = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
EMPTY = {"modelId": MODEL, "messages": [{"role": "user", "content": []}]}


class Server:
    """A server of chat completions with two models, which returns the request."""

    def __init__(self, port: int):
        server = self
        self.models, self.status, self.finish_reason = ["llama3.2:1b", "other"], 200, "stop"

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.respond(200, {"data": [{"id": model} for model in server.models]})

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                message = {"role": "assistant", "content": json.dumps(asked)}
                choice = {"message": message, "finish_reason": server.finish_reason}
                usage = {"prompt_tokens": 3, "completion_tokens": 4}
                self.respond(server.status, {"choices": [choice] if server.finish_reason else [], "usage": usage})

            def respond(self, status, value):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(value).encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()


class FixedTest(CloudTest):
    def test_a_fixed_completion(self):
        response = self.cloud.client("bedrock-runtime").converse(**QUESTION)
        self.assertIn("ministack mock", response["output"]["message"]["content"][0]["text"])

    def test_a_message_without_content_is_refused(self):
        with self.assertRaises(ClientError) as refused:
            self.cloud.client("bedrock-runtime").converse(**EMPTY)
        self.assertEqual(refused.exception.response["Error"]["Code"], "ValidationException")


PORT = free_port()


class RealTest(CloudTest):
    options = ("--ollama-url", f"http://127.0.0.1:{PORT}/")

    def setUp(self):
        self.server = Server(PORT)
        self.addCleanup(self.server.stop)
        self.bedrock = self.cloud.client("bedrock-runtime")

    def code(self) -> str:
        with self.assertRaises(ClientError) as failed:
            self.bedrock.converse(**QUESTION)
        return failed.exception.response["Error"]["Code"]

    def test_the_servers_first_model_completes(self):
        response = self.bedrock.converse(
            **QUESTION,
            system=[{"text": "Be brief."}],
            inferenceConfig={"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["END"]},
        )
        self.assertEqual(
            json.loads(response["output"]["message"]["content"][0]["text"]),
            {
                "model": "llama3.2:1b",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
                "stream": False,
                "max_tokens": 9,
                "temperature": 0.5,
                "top_p": 0.25,
                "stop": ["END"],
            },
        )
        self.assertEqual(response["stopReason"], "end_turn")
        self.assertEqual(response["usage"], {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7})

    def test_a_model_of_the_same_name_completes(self):
        self.server.models.append(MODEL)
        response = self.bedrock.converse(**QUESTION)
        self.assertEqual(json.loads(response["output"]["message"]["content"][0]["text"])["model"], MODEL)

    def test_a_completion_that_was_cut(self):
        self.server.finish_reason = "length"
        self.assertEqual(self.bedrock.converse(**QUESTION)["stopReason"], "max_tokens")

    def test_failures_are_bedrocks(self):
        self.server.finish_reason = None
        self.assertEqual(self.code(), "ModelErrorException")
        self.server.finish_reason, self.server.status = "stop", 500
        self.assertEqual(self.code(), "ModelErrorException")
        self.server.models.clear()
        self.assertEqual(self.code(), "ServiceUnavailableException")

    def test_a_server_that_is_down(self):
        self.server.stop()
        self.addCleanup(setattr, self, "server", None)
        self.assertEqual(self.code(), "ServiceUnavailableException")

    def test_a_message_without_content_reaches_no_model(self):
        self.server.stop()
        with self.assertRaises(ClientError) as refused:
            self.bedrock.converse(**EMPTY)
        self.assertEqual(refused.exception.response["Error"]["Code"], "ValidationException")


if __name__ == "__main__":
    unittest.main()
