"""Sends requests to the server whose models stand in for Bedrock's: one that speaks OpenAI's API, such as Ollama.

Its failures become errors of Bedrock's. The request names a model of the server: that of the same name, or else its
first for the purpose.
"""

import contextlib
import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

from gatehouse_cloud.fidelity.bedrock.refusals import Refused

# The longest that a function waits.
TIMEOUT_SECONDS = 900
# Errors of Bedrock, by the status with which a server refuses a request, and by the code of an error within a stream.
MODEL_ERROR = ("ModelErrorException", 424)
BY_STATUS = {429: ("ThrottlingException", 429), 503: ("ServiceUnavailableException", 503)}
BY_CODE = {
    "internal_error": ("InternalServerException", 500),
    "invalid_request_error": ("ValidationException", 400),
    "rate_limit_exceeded": ("ThrottlingException", 429),
    "service_unavailable": ("ServiceUnavailableException", 503),
}


class Failed(Refused):
    """The server didn't respond, or not as it should."""


class Cut(Exception):
    """The connection to the server ended in the middle of a stream."""


class Stream:
    """The events of a streamed response. Iterate over it in one thread; another may abandon it."""

    def __init__(self, response, url: str):
        self._response, self._url = response, url

    def __iter__(self) -> Iterator[dict]:
        with self._response:
            try:
                for line in self._response:
                    name, _, data = line.decode().partition(":")
                    if name == "data" and data.strip() and data.strip() != "[DONE]":
                        yield self._event(data)
                # Reading by lines, http.client takes a missing chunk for the last one.
                if self._response.chunked and self._response.chunk_left is not None:
                    raise http.client.IncompleteRead(b"")
            except UnicodeDecodeError as problem:
                raise malformed(f"the server at {self._url} sent no text: {problem}") from problem
            except (OSError, http.client.HTTPException, ValueError) as problem:
                raise Cut(f"the server at {self._url} ended the stream: {problem!r}") from problem

    def _event(self, data: str) -> dict:
        event = _json(self._url, data)
        if error := event.get("error"):
            code, status = BY_CODE.get(error.get("code"), ("ModelStreamErrorException", 424))
            raise Failed(str(error.get("message")), code, status)
        return event

    def abandon(self) -> None:
        """Close the connection, also while the other thread waits for an event."""
        with contextlib.suppress(OSError, AttributeError):
            self._response.fp.raw._sock.shutdown(socket.SHUT_RDWR)


class Server:
    """A server of models, by its URL without /v1 at the end; an empty one is none."""

    def __init__(self, url: str):
        self._url = url

    def post(self, path: str, model: str, body: dict) -> dict:
        """Return the response to a request for a model of Bedrock's."""
        with self._open(path, model, body) as response:
            try:
                return _json(self._url, response.read())
            except (OSError, http.client.HTTPException) as problem:
                raise malformed(f"the server at {self._url} ended the response: {problem!r}") from problem

    def stream(self, path: str, model: str, body: dict) -> Stream:
        """Return the events of the response; raise Failed at once if there is none."""
        return Stream(self._open(path, model, {**body, "stream": True}), self._url)

    def _open(self, path: str, model: str, body: dict):
        return self._send(path, {"model": self._model(model, "embed" in path), **body})

    def _model(self, wanted: str, embeds: bool) -> str:
        with self._send("/v1/models") as response:
            found = _json(self._url, response.read())
        try:
            listed = [model["id"] for model in found["data"]]
        except (KeyError, TypeError) as problem:
            raise malformed(f"the server at {self._url} lists no models") from problem
        if not listed:
            raise unavailable(f"the server at {self._url} has no model")
        if wanted in listed:
            return wanted
        return next((model for model in listed if ("embed" in model) == embeds), listed[0])

    def _send(self, path: str, body: dict | None = None):
        if not self._url:
            raise unavailable("this cloud has no models: start it with --model-url")
        url = self._url + path
        data = None if body is None else json.dumps(body).encode()
        try:
            return urllib.request.urlopen(
                urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=TIMEOUT_SECONDS
            )
        except urllib.error.HTTPError as problem:
            problem.close()
            code, status = BY_STATUS.get(problem.code, MODEL_ERROR)
            raise Failed(f"{url} returned {problem.code}", code, status) from problem
        except TimeoutError as problem:
            raise Failed(f"{url} timed out", "ModelTimeoutException", 408) from problem
        except OSError as problem:
            if isinstance(getattr(problem, "reason", None), TimeoutError):
                raise Failed(f"{url} timed out", "ModelTimeoutException", 408) from problem
            raise unavailable(f"{url} can't be reached: {problem}") from problem


def _json(url: str, content: bytes | str) -> dict:
    try:
        found = json.loads(content)
    except ValueError as problem:
        raise malformed(f"the server at {url} returned no JSON") from problem
    if not isinstance(found, dict):
        raise malformed(f"the server at {url} returned no JSON object")
    return found


def malformed(message: str) -> Failed:
    """Return the failure of a model, as Bedrock has it."""
    return Failed(message, *MODEL_ERROR)


def unavailable(message: str) -> Failed:
    """Return the failure of a service that can't be reached."""
    return Failed(message, "ServiceUnavailableException", 503)
