"""A server of models for tests: it records each request, and responds with what the test has set."""

import http.server
import json
import queue
import threading
import unittest

from .harness import CloudTest, Launcher, free_port

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
        self.hold: threading.Event | None = None  # before the last chunk of a stream
        self.held = False  # whether that was released in time
        self.gate: queue.Queue | None = None  # before each chunk of a stream waits for an item
        self.ends = "whole"  # how a stream does: "cut" breaks the connection off, "hang" waits for the client to leave
        self.left = threading.Event()  # set when a client leaves a stream that hangs

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
                self.send(server.stream())
            else:
                self.respond(json.dumps(server.completion()), server.status)

        def send(self, chunks: list[dict]):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
            for number, chunk in enumerate(chunks, 1):
                if server.hold and number == len(chunks):
                    server.held = server.hold.wait(5)
                if server.gate:
                    server.gate.get(timeout=5)
                self.chunk(f"data: {json.dumps(chunk)}\n\n".encode())
            if server.ends == "hang" and self.connection.recv(1) == b"":
                server.left.set()
            if server.ends == "whole":
                self.chunk(b"data: [DONE]\n\n")
                self.chunk(b"")

        def chunk(self, data: bytes):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        def respond(self, body: str, status: int = 200):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    return Handler


class ModelTest(CloudTest):
    """Tests with a server of models. Those of one module share it and the launcher."""

    server: ModelServer
    _running: dict[str, tuple[Launcher, ModelServer]] = {}

    @classmethod
    def setUpClass(cls):
        if cls.__module__ not in cls._running:
            port = free_port()
            server = ModelServer(port)
            unittest.addModuleCleanup(server.stop)
            cloud = Launcher("--model-url", f"http://127.0.0.1:{port}/")
            unittest.addModuleCleanup(cloud.stop)
            cls._running[cls.__module__] = cloud, server
        cls.cloud, cls.server = cls._running[cls.__module__]

    def setUp(self):
        self.server.reset()
