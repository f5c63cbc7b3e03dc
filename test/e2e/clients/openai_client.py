#!/usr/bin/env python3
"""Calls the model API with OpenAI's own client: the package as it is, with another base URL.

    openai_client.py http://127.0.0.1:4567/api

The client reads the key from the environment variable OPENAI_API_KEY. Prints one JSON object for each call: its name and its outcome. test/e2e/api/client.go has the outcome that each must have.
"""

import json
import sys

import openai

HELLO = [{"role": "user", "content": "Hello"}]


def main() -> None:
    client = openai.OpenAI(base_url=sys.argv[1], max_retries=0, timeout=30)
    model = client.models.list().data[0].id
    for name, call in (
        ("models.list()", lambda: listed(client, model)),
        ("chat.completions.create()", lambda: completion(client, model)),
        ("…, with parts of content", lambda: completion_of_parts(client, model)),
        ("…, continues with its answer", lambda: conversation(client, model)),
        ("…, stream=True", lambda: stream(client, model)),
        ("…, another model", lambda: another_model(client)),
        ("…, temperature=5", lambda: too_hot(client, model)),
    ):
        print(json.dumps({"name": name, "got": call()}), flush=True)


def listed(client: openai.OpenAI, model: str) -> str:
    """Report whether the list has the model that the calls use."""
    ids = [each.id for each in client.models.list()]
    return f"the model {model}" if model in ids else f"{ids}"


def completion(client: openai.OpenAI, model: str) -> str:
    """A plain message."""
    return verify(client.chat.completions.create(model=model, messages=HELLO, max_completion_tokens=50))


def completion_of_parts(client: openai.OpenAI, model: str) -> str:
    """A message in parts, with the parameters that clients send."""
    content = [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": content}]
    return verify(
        client.chat.completions.create(
            model=model, messages=messages, max_tokens=50, temperature=0.5, top_p=1, stop="END", user="check", seed=1
        )
    )


def conversation(client: openai.OpenAI, model: str) -> str:
    """The client's own object of the first answer is sent back with the second message."""
    first = client.chat.completions.create(model=model, messages=HELLO).choices[0].message
    messages = [*HELLO, first, {"role": "user", "content": "Go on."}]
    return verify(client.chat.completions.create(model=model, messages=messages))


def verify(done) -> str:
    """Verify that an answer has all members of OpenAI's, as the client reads it."""
    choice = done.choices[0]
    right = (
        done.object == "chat.completion"
        and done.id.startswith("chatcmpl-")
        and choice.finish_reason in ("stop", "length")
        and choice.message.role == "assistant"
        and choice.message.content
        and done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
        and done._request_id
    )
    return f"an answer: {choice.message.content}" if right else f"not OpenAI's: {done}"


def stream(client: openai.OpenAI, model: str) -> str:
    """A streamed answer, put together."""
    pieces = list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    right = pieces[0].id.startswith("chatcmpl-") and pieces[-1].choices[0].finish_reason == "stop" and text
    return f"an answer: {text}, in {len(pieces)} pieces" if right else f"not OpenAI's: {pieces}"


def another_model(client: openai.OpenAI) -> str:
    """A model that does not exist."""
    return error_of(lambda: client.chat.completions.create(model="gpt-4o", messages=HELLO))


def too_hot(client: openai.OpenAI, model: str) -> str:
    """A temperature beyond OpenAI's maximum."""
    return error_of(lambda: client.chat.completions.create(model=model, messages=HELLO, temperature=5))


def error_of(call) -> str:
    """Return the status and code of the error that the client raises."""
    try:
        return f"no error: {call()}"
    except openai.APIStatusError as error:
        if not error.request_id or not error.message:
            return f"no message or request id: {error!r}"
        return f"{error.status_code} {error.code} ({type(error).__name__})"


if __name__ == "__main__":
    main()
