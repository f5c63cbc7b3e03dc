"""Completes Bedrock's conversations with the model of a server that speaks OpenAI's chat completions, such as Ollama.

ministack can send requests to such a server, but with the name of Bedrock's model, which the server does not have; and
on a failure it returns a fixed completion. Here the request names a model of the server, and a failure is an error of
Bedrock's.
"""

import json
import urllib.error
import urllib.request

from ministack.services import bedrock_runtime

from gatehouse_cloud import patching

# Below the timeout of a function that waits for the response.
TIMEOUT_SECONDS = 27


class Failed(Exception):
    """The server didn't respond, or not with a completion."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.response = bedrock_runtime._error(code, message, status)


def install(ollama_url: str) -> None:
    """Let the server at the URL, without /v1 at its end, complete the conversations of Converse; "" changes nothing."""
    if not ollama_url:
        return
    url = ollama_url

    def complete(original, model_id, messages, system, inference_config, tool_config=None):
        config = inference_config or {}
        request = {
            "model": _model(url, model_id),
            "messages": bedrock_runtime._openai_messages(messages, system),
            "stream": False,
            "max_tokens": config.get("maxTokens"),
            "temperature": config.get("temperature"),
            "top_p": config.get("topP"),
            "stop": config.get("stopSequences"),
        }
        response = _call(
            f"{url}/v1/chat/completions", {key: value for key, value in request.items() if value is not None}
        )
        try:
            choice, usage = response["choices"][0], response["usage"]
            message = {**choice["message"], "finish_reason": choice["finish_reason"]}
            return message, (usage["prompt_tokens"], usage["completion_tokens"])
        except (KeyError, IndexError, TypeError) as problem:
            raise Failed(
                424, "ModelErrorException", f"the server at {url} returned no completion: {problem!r}"
            ) from problem

    def blocks(original, message):
        made, stop_reason = original(message)
        return made, "max_tokens" if message.get("finish_reason") == "length" else stop_reason

    def converse(original, model_id, headers, body):
        try:
            return original(model_id, headers, body)
        except Failed as failure:
            return failure.response

    patching.extend(bedrock_runtime, "_proxy_openai_chat_message", complete)
    patching.extend(bedrock_runtime, "_converse_blocks_from_message", blocks)
    patching.extend(bedrock_runtime, "_converse", converse)


def _model(url: str, wanted: str) -> str:
    """Return the server's model of that name, or else its first."""
    listed = [model["id"] for model in _call(f"{url}/v1/models")["data"]]
    if not listed:
        raise Failed(503, "ServiceUnavailableException", f"the server at {url} has no model")
    return wanted if wanted in listed else listed[0]


def _call(url: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as problem:
        raise Failed(424, "ModelErrorException", f"{url} returned {problem.code}") from problem
    except TimeoutError as problem:
        raise Failed(408, "ModelTimeoutException", f"{url} timed out") from problem
    except (OSError, ValueError) as problem:
        raise Failed(503, "ServiceUnavailableException", f"{url} can't be reached: {problem}") from problem
