"""Sends requests to the server whose models stand in for Bedrock's: one that speaks OpenAI's API, such as Ollama.

Its failures become errors of Bedrock's. The request names a model of the server: that of the same name, or else its
first for the purpose.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

from gatehouse_cloud.fidelity.bedrock.refusals import Refused

# Below the timeout of a function that waits for the response.
TIMEOUT_SECONDS = 27


class Failed(Refused):
    """The server didn't respond, or not as it should."""


class Server:
    """A server of models, by its URL without /v1 at the end; an empty one is none."""

    def __init__(self, url: str):
        self._url = url

    def post(self, path: str, model: str, body: dict) -> dict:
        """Return the response to a request for a model of Bedrock's."""
        with self._open(path, model, body) as response:
            return self._json(response.read())

    def stream(self, path: str, model: str, body: dict) -> Iterator[dict]:
        """Return the events of the response; raise Failed at once if there is none."""
        response = self._open(path, model, {**body, "stream": True})
        return self._events(response)

    def _events(self, response) -> Iterator[dict]:
        with response:
            try:
                for line in response:
                    name, _, data = line.decode().partition(":")
                    if name == "data" and data.strip() and data.strip() != "[DONE]":
                        yield self._json(data)
            except (OSError, UnicodeDecodeError) as problem:
                raise malformed(f"the server at {self._url} ended the stream: {problem}") from problem

    def _open(self, path: str, model: str, body: dict):
        return self._send(path, {"model": self._model(model, "embed" in path), **body})

    def _model(self, wanted: str, embeds: bool) -> str:
        with self._send("/v1/models") as response:
            found = self._json(response.read())
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
            raise malformed(f"{url} returned {problem.code}") from problem
        except TimeoutError as problem:
            raise Failed(f"{url} timed out", "ModelTimeoutException", 408) from problem
        except OSError as problem:
            if isinstance(getattr(problem, "reason", None), TimeoutError):
                raise Failed(f"{url} timed out", "ModelTimeoutException", 408) from problem
            raise unavailable(f"{url} can't be reached: {problem}") from problem

    def _json(self, content: bytes | str) -> dict:
        try:
            found = json.loads(content)
        except ValueError as problem:
            raise malformed(f"the server at {self._url} returned no JSON") from problem
        if not isinstance(found, dict):
            raise malformed(f"the server at {self._url} returned no JSON object")
        return found


def malformed(message: str) -> Failed:
    """Return the failure of a model, as Bedrock has it."""
    return Failed(message, "ModelErrorException", 424)


def unavailable(message: str) -> Failed:
    """Return the failure of a service that can't be reached."""
    return Failed(message, "ServiceUnavailableException", 503)
