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


@pytest.mark.skipif(not target.STREAMS, reason=skips.STREAMING)
def test_stream():
    pieces = litellm.completion(
        model=f"openai/{target.CHAT}", messages=[{"role": "user", "content": "Hello there"}], stream=True, **ACCESS
    )
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces)
