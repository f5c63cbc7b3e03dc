#!/usr/bin/env python3
"""What OpenAI's own client makes of the model API: the package as it is, with another base URL.

    openai_client.py http://127.0.0.1:4567/api

Prints one JSON object for each question: its name, what was expected, what came, and whether that is right.
"""

import json
import sys
import time

import openai

# The API knows no keys, and the client insists on having one.
ANY_KEY = "any"
HELLO = [{"role": "user", "content": "Hello"}]


def main() -> None:
    client = openai.OpenAI(base_url=sys.argv[1], api_key=ANY_KEY, max_retries=0, timeout=30)
    model = client.models.list().data[0].id
    for name, expected, ask in (
        ("models.list()", "the model", lambda: listed(client, model)),
        ("chat.completions.create()", "an answer", lambda: completion(client, model)),
        ("…, with parts of content", "an answer", lambda: completion_of_parts(client, model)),
        ("…, goes on with its answer", "an answer", lambda: conversation(client, model)),
        ("…, stream=True", "422 streaming_unsupported", lambda: stream(client, model)),
        ("…, another model", "404 model_not_found", lambda: another_model(client)),
        ("…, n=2", "422 invalid_body", lambda: two_choices(client, model)),
    ):
        began = time.monotonic()
        got = ask()
        took = round((time.monotonic() - began) * 1000)
        print(json.dumps({"name": name, "expected": expected, "got": got, "ok": got.startswith(expected), "ms": took}))


def listed(client: openai.OpenAI, model: str) -> str:
    """Whether the list has the model that is asked."""
    ids = [each.id for each in client.models.list()]
    return f"the model {model}" if model in ids else f"{ids}"


def completion(client: openai.OpenAI, model: str) -> str:
    """A plain question."""
    return judge(client.chat.completions.create(model=model, messages=HELLO, max_completion_tokens=50))


def completion_of_parts(client: openai.OpenAI, model: str) -> str:
    """A question in parts, with what clients send beside it."""
    content = [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]
    messages = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": content}]
    return judge(
        client.chat.completions.create(
            model=model, messages=messages, max_tokens=50, temperature=0.5, top_p=1, stop="END", user="proof", seed=1
        )
    )


def conversation(client: openai.OpenAI, model: str) -> str:
    """The client's own object of the first answer goes back with the second question."""
    first = client.chat.completions.create(model=model, messages=HELLO).choices[0].message
    messages = [*HELLO, first, {"role": "user", "content": "Go on."}]
    return judge(client.chat.completions.create(model=model, messages=messages))


def judge(done) -> str:
    """Whether an answer has all that OpenAI's has, as the client reads it."""
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
    """What a client that streams is told."""
    return refusal(lambda: client.chat.completions.create(model=model, messages=HELLO, stream=True))


def another_model(client: openai.OpenAI) -> str:
    """A model that there is not."""
    return refusal(lambda: client.chat.completions.create(model="gpt-4o", messages=HELLO))


def two_choices(client: openai.OpenAI, model: str) -> str:
    """What the API does not do."""
    return refusal(lambda: client.chat.completions.create(model=model, messages=HELLO, n=2))


def refusal(ask) -> str:
    """The status and code of the error that the client makes of the answer."""
    try:
        return f"no error: {ask()}"
    except openai.APIStatusError as error:
        if not error.request_id or not error.message:
            return f"no message or request id: {error!r}"
        return f"{error.status_code} {error.code} ({type(error).__name__})"


if __name__ == "__main__":
    main()
