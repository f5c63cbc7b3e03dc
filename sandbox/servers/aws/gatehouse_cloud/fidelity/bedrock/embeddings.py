"""Serves InvokeModel for embedding models: a strict check of the body, and vectors of a server's model.

ministack returns a text for every model. The vectors of the server get the length that the request names: they are
cut or repeated, and normalized.
"""

import json
import math
import time
from typing import Any

from ministack.services import bedrock_runtime

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.bedrock import families, model_server, models, vectors
from gatehouse_cloud.fidelity.bedrock.model_server import Server
from gatehouse_cloud.fidelity.bedrock.refusals import Refused

PATH = "/v1/embeddings"


def install(model_url: str) -> None:
    """Let the server at the URL, without /v1 at its end, compute the vectors."""
    server = Server(model_url)

    def invoke(original, model_id, headers, body):
        try:
            model = models.resolve(model_id).name
            request = vectors.parse(model, _json(body))
            if request is not None:
                return _serve(server, model, request)
            if families.of(model) is None:
                raise Refused(models.UNKNOWN)
            return original(model_id, headers, body)
        except Refused as refusal:
            return refusal.response

    patching.extend(bedrock_runtime, "_invoke_model", invoke)


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        raise Refused("The request body is not valid JSON.") from None


def _serve(server: Server, model: str, request: vectors.Request) -> tuple:
    began = time.monotonic()
    found, count = embed(server, model, request.texts)
    if request.most_tokens and count > request.most_tokens:
        raise Refused(
            f"Too many input tokens. Max input tokens: {request.most_tokens}, request input token count: {count}"
        )
    response = request.render([resize(vector, request.dimension) for vector in found], count)
    headers = {
        "Content-Type": "application/json",
        "x-amzn-bedrock-input-token-count": str(count),
        "x-amzn-bedrock-invocation-latency": str(max(1, round((time.monotonic() - began) * 1000))),
    }
    return 200, headers, json.dumps(response).encode()


def embed(server: Server, model: str, texts: list[str]) -> tuple[list[list[float]], int]:
    """Return the server's vector for each text, and the number of tokens."""
    response = server.post(PATH, model, {"input": texts, "encoding_format": "float"})
    try:
        items = sorted(response["data"], key=lambda item: item["index"])
        found = [[float(value) for value in item["embedding"]] for item in items]
        count = response["usage"]["prompt_tokens"]
    except (KeyError, TypeError, ValueError) as problem:
        raise model_server.malformed("the model's server returned no embeddings") from problem
    if len(found) != len(texts) or not all(found):
        raise model_server.malformed("the model's server returned not one embedding for each text")
    return found, count


def resize(vector: list[float], dimension: int) -> list[float]:
    """Return a vector of that length, normalized."""
    repeated = [vector[position % len(vector)] for position in range(dimension)]
    length = math.sqrt(sum(value * value for value in repeated)) or 1.0
    return [value / length for value in repeated]
