"""LiteLLM as a client of a server that speaks OpenAI's API."""

import json

import litellm
import pytest
from pydantic import BaseModel

import media
import skips
import target

ACCESS = {"api_base": target.URL, "api_key": target.KEY, "timeout": target.TIMEOUT, "max_retries": 0, "num_retries": 0}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(messages: list | str, model: str = target.CHAT, **members):
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return litellm.completion(model=f"openai/{model}", messages=messages, **ACCESS, **members).choices[0]


def test_completion():
    choice = ask("Hello", max_tokens=50, temperature=0.5)
    assert choice.message.content and choice.finish_reason == "stop"


async def test_async():
    done = await litellm.acompletion(
        model=f"openai/{target.CHAT}", messages=[{"role": "user", "content": "Hello"}], **ACCESS
    )
    assert done.choices[0].message.content and done.usage.total_tokens > 0


def test_tools():
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = ask(messages, tools=[WEATHER]).message
    call = first.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    messages += [first, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    assert "sunny" in ask(messages, tools=[WEATHER]).message.content


class Person(BaseModel):
    name: str
    age: int


def test_structured_output():
    choice = ask("Alice is 30", response_format=Person)
    assert Person.model_validate_json(choice.message.content) == Person(name="Alice", age=30)


def test_image():
    color, data = media.IMAGES["png"]
    content = [
        {"type": "text", "text": "What color is this image?"},
        {"type": "image_url", "image_url": {"url": media.data_url("image/png", data)}},
    ]
    assert color in ask([{"role": "user", "content": content}], model=target.VISION).message.content


def test_reasoning():
    choice = ask("Why?", model=target.REASONING, reasoning_effort="low", allowed_openai_params=["reasoning_effort"])
    assert choice.message.content and choice.message.reasoning_content


def test_embedding():
    done = litellm.embedding(model=f"openai/{target.EMBEDDINGS}", input=["Hello", "Goodbye"], **ACCESS)
    assert len(done.data) == 2 and len(done.data[0]["embedding"]) > 100


def test_errors():
    with pytest.raises(litellm.NotFoundError):
        ask("Hello", model="gpt-4o")
    with pytest.raises(litellm.BadRequestError):
        ask("Hello", temperature=5)


def stream(message: str, **members) -> list:
    """Return the pieces of a stream."""
    messages = [{"role": "user", "content": message}]
    return list(litellm.completion(model=f"openai/{target.CHAT}", messages=messages, stream=True, **ACCESS, **members))


@pytest.mark.skipif(not target.STREAMS, reason=skips.STREAMING)
class TestStreams:
    def test_text(self):
        pieces = stream("Hello there")
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == ask("Hello there").message.content
        assert pieces[-1].choices[0].finish_reason == "stop"

    async def test_async(self):
        pieces = await litellm.acompletion(
            model=f"openai/{target.CHAT}", messages=[{"role": "user", "content": "Hello there"}], stream=True, **ACCESS
        )
        assert "".join([piece.choices[0].delta.content or "" async for piece in pieces])

    def test_usage(self):
        pieces = stream("Hello there", stream_options={"include_usage": True})
        assert pieces[-1].usage.total_tokens > 0

    def test_tools(self):
        pieces = stream("What is the weather in Paris?", tools=[WEATHER])
        call = litellm.stream_chunk_builder(pieces).choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments) == {"city": "Paris"}

    def test_error_before(self):
        with pytest.raises(litellm.NotFoundError):
            litellm.completion(
                model="openai/gpt-4o", messages=[{"role": "user", "content": "Hello"}], stream=True, **ACCESS
            )

    def test_error_within(self):
        with pytest.raises(litellm.exceptions.MidStreamFallbackError):
            stream("Hello [[tokens 20]] [[fail after 3]]")
