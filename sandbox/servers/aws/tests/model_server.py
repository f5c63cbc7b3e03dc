"""A server of models for tests: it records each request, and responds with what the test has set."""

import http.server
import json
import threading

from .harness import CloudTest, free_port

CHAT, EMBEDDINGS = "/v1/chat/completions", "/v1/embeddings"


class ModelServer:
    """Speaks OpenAI's API on a port of loopback. What it returns is in its attributes."""

    def __init__(self, port: int):
        self.reset()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def reset(self) -> None:
        """Return what a new server does, and forget the requests."""
        self.models = ["llama3.2:1b", "nomic-embed-text"]
        self.status = 200
        self.requests: list[dict] = []
        self.message: dict = {"content": "Hello."}
        self.choice: dict = {"finish_reason": "stop"}
        self.usage: dict | None = {"prompt_tokens": 3, "completion_tokens": 4}
        self.chunks: list[dict] | None = None  # of a stream; None for one made of message and choice
        self.vector = [3.0, 4.0]

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()

    def completion(self) -> dict:
        """The response to a request that isn't streamed."""
        choice = {"index": 0, "message": {"role": "assistant", **self.message}, **self.choice}
        return {"choices": [choice] if self.choice else [], "usage": self.usage}

    def stream(self) -> list[dict]:
        """The chunks of a stream."""
        if self.chunks is not None:
            return self.chunks
        return [
            {"choices": [{"index": 0, "delta": self.message}]},
            {"choices": [{"index": 0, "delta": {}, **self.choice}]},
            {"choices": [], "usage": self.usage},
        ]

    def embeddings(self, texts: list[str]) -> dict:
        """The response to a request for embeddings."""
        data = [{"index": index, "embedding": self.vector} for index in range(len(texts))]
        return {"data": data, "usage": {"prompt_tokens": sum(len(text) for text in texts)}}


def _handler(server: ModelServer) -> type:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.respond(json.dumps({"data": [{"id": model} for model in server.models]}))

        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(request)
            if self.path == EMBEDDINGS:
                self.respond(json.dumps(server.embeddings(request["input"])), server.status)
            elif request.get("stream") and server.status == 200:
                self.respond(
                    "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in server.stream()) + "data: [DONE]\n\n"
                )
            else:
                self.respond(json.dumps(server.completion()), server.status)

        def respond(self, body: str, status: int = 200):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    return Handler


class ModelTest(CloudTest):
    """Tests that share one launcher, and the server of its models."""

    server: ModelServer

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.server = ModelServer(port)
        cls.addClassCleanup(cls.server.stop)
        cls.options = ("--model-url", f"http://127.0.0.1:{port}/")
        super().setUpClass()

    def setUp(self):
        self.server.reset()
