"""OpenAI's Python client."""

import json
import math
from enum import Enum

import openai
import pytest
from pydantic import BaseModel

import media
import skips
import target

HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The name of the city"}},
            "required": ["city"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {"name": "get_time", "description": "Get the time", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
def client() -> openai.OpenAI:
    return openai.OpenAI(base_url=target.URL, api_key=target.KEY, max_retries=0, timeout=target.TIMEOUT)


def ask(client: openai.OpenAI, messages: list | str, **members):
    """Return the first choice of a completion, of which every member is verified."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    done = client.chat.completions.create(**{"model": target.CHAT, "messages": messages, **members})
    assert done.object == "chat.completion"
    assert done.id.startswith("chatcmpl-")
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens > 0
    assert done.choices[0].message.role == "assistant"
    return done.choices[0]


class TestModels:
    def test_list_and_retrieve(self, client):
        listed = list(client.models.list())
        assert {target.CHAT, target.VISION, target.EMBEDDINGS} <= {model.id for model in listed}
        for model in listed:
            assert client.models.retrieve(model.id).id == model.id

    def test_retrieve_unknown(self, client):
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("no/such:model")
        assert caught.value.code == "model_not_found"


class TestChat:
    def test_completion(self, client):
        choice = ask(client, "Hello")
        assert choice.message.content and choice.finish_reason == "stop"

    def test_roles_and_parts(self, client):
        content = [{"type": "text", "text": "Say"}, {"type": "text", "text": "hello."}]
        messages = [
            {"role": "developer", "content": "Be brief."},
            {"role": "system", "content": [{"type": "text", "text": "Be polite."}]},
            {"role": "user", "content": content, "name": "ann"},
        ]
        assert ask(client, messages).message.content

    def test_limit(self, client):
        choice = ask(client, "one two three four five six", max_completion_tokens=2)
        assert choice.finish_reason == "length"
        assert ask(client, "one two three four five six", max_tokens=2).finish_reason == "length"

    def test_stop(self, client):
        choice = ask(client, "alpha beta gamma", stop=["gamma"])
        assert "gamma" not in choice.message.content

    def test_answers_are_taken_back(self, client):
        messages = [{"role": "user", "content": "My name is Ada."}]
        messages.append(ask(client, messages).message)
        messages.append({"role": "user", "content": "What is my name?"})
        assert "Ada" in ask(client, messages).message.content

    def test_blank_turns_are_taken(self, client):
        blank = [{"role": "system", "content": ""}, *HELLO, {"role": "assistant", "content": ""}]
        assert ask(client, [*blank, {"role": "user", "content": "Go on."}]).message.content

    def test_members_that_libraries_always_send(self, client):
        choice = ask(
            client,
            "Hello",
            n=1,
            user="ann",
            seed=1,
            store=False,
            logprobs=False,
            logit_bias={},
            temperature=1,
            top_p=1,
            presence_penalty=0,
            frequency_penalty=0,
            stop=None,
            parallel_tool_calls=openai.omit,
            response_format={"type": "text"},
            metadata={},
            service_tier="auto",
        )
        assert choice.message.content

    def test_raw_response(self, client):
        raw = client.chat.completions.with_raw_response.create(model=target.CHAT, messages=HELLO)
        assert raw.parse().choices[0].message.content
        assert not target.GATEWAY or raw.headers["x-request-id"]

    async def test_async(self):
        async with openai.AsyncOpenAI(base_url=target.URL, api_key=target.KEY, max_retries=0) as client:
            done = await client.chat.completions.create(model=target.CHAT, messages=HELLO)
        assert done.choices[0].message.content


COUNTED = {"include_usage": True}


def stream(client: openai.OpenAI, messages: list | str, **members):
    """Return the stream of a completion."""
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return client.chat.completions.create(**{"model": target.CHAT, "messages": messages, "stream": True, **members})


def text_of(chunks: list) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.skipif(not target.STREAMS, reason=skips.STREAMING)
class TestStreams:
    def test_chunks(self, client):
        whole = ask(client, "Hello there, you")
        chunks = list(stream(client, "Hello there, you"))
        assert len({chunk.id for chunk in chunks}) == 1 and {chunk.object for chunk in chunks} == {
            "chat.completion.chunk"
        }
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-1].choices[0].finish_reason == whole.finish_reason
        assert text_of(chunks) == whole.message.content and len(chunks) > 3
        assert not any(chunk.usage for chunk in chunks)

    def test_usage(self, client):
        whole = client.chat.completions.create(model=target.CHAT, messages=HELLO).usage
        *chunks, last = stream(client, HELLO, stream_options=COUNTED)
        assert all(chunk.choices and chunk.usage is None for chunk in chunks)
        assert last.choices == []
        assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (
            whole.prompt_tokens,
            whole.completion_tokens,
        )

    def test_helper(self, client):
        with client.chat.completions.stream(model=target.CHAT, messages=HELLO, stream_options=COUNTED) as events:
            done = events.get_final_completion()
        assert done.choices[0].message.content and done.usage.total_tokens > 0

    async def test_async(self):
        async with openai.AsyncOpenAI(base_url=target.URL, api_key=target.KEY, max_retries=0) as client:
            chunks = [chunk async for chunk in await stream(client, HELLO)]
        assert text_of(chunks)

    def test_closed_early(self, client):
        with stream(client, "one two three [[pace 20ms]] [[tokens 50]]") as chunks:
            for _ in range(3):
                next(chunks)
        # The next requests get their own answers.
        for _ in range(3):
            assert text_of(list(stream(client, "the next one"))) == "the next one"

    def test_tools(self, client):
        question = "What is the weather in Paris and London?"
        whole = ask(client, question, tools=[WEATHER]).message.tool_calls
        calls = {}
        for chunk in stream(client, question, tools=[WEATHER]):
            for piece in chunk.choices[0].delta.tool_calls or []:
                call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                call["id"] += piece.id or ""
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""
        assert [(call["name"], json.loads(call["arguments"])) for call in calls.values()] == [
            (call.function.name, json.loads(call.function.arguments)) for call in whole
        ]
        assert len({call["id"] for call in calls.values()}) == 2
        # They are taken back with their results.
        messages = [
            {"role": "user", "content": question},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": call["id"],
                        "type": "function",
                        "function": {"name": call["name"], "arguments": call["arguments"]},
                    }
                    for call in calls.values()
                ],
            },
        ]
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls.values()]
        assert "sunny" in text_of(list(stream(client, messages, tools=[WEATHER])))

    def test_reasoning(self, client):
        pieces = [
            chunk.choices[0].delta
            for chunk in stream(client, "Why?", model=target.REASONING, reasoning_effort="low")
            if chunk.choices
        ]
        member = "reasoning_content" if target.GATEWAY or target.REASONING != "thinker" else "reasoning"
        assert "".join(getattr(piece, member, None) or "" for piece in pieces)
        assert "".join(piece.content or "" for piece in pieces)

    def test_structured_output(self, client):
        with client.chat.completions.stream(
            model=target.CHAT, messages=[{"role": "user", "content": "Alice is 30"}], response_format=Person
        ) as events:
            done = events.get_final_completion()
        assert done.choices[0].message.parsed == Person(name="Alice", age=30)

    def test_limit(self, client):
        chunks = list(stream(client, "one two three four", max_tokens=2))
        assert chunks[-1].choices[0].finish_reason == "length"

    def test_error_before(self, client):
        with pytest.raises(openai.NotFoundError) as caught:
            stream(client, "Hello", model="gpt-4o")
        assert caught.value.code == "model_not_found"
        with pytest.raises(openai.UnprocessableEntityError if target.GATEWAY else openai.BadRequestError):
            stream(client, "Hello", temperature=5)

    def test_error_within(self, client):
        seen = []
        with pytest.raises(openai.APIError) as caught:
            for chunk in stream(client, "Hello [[tokens 20]] [[fail after 3]]"):
                seen.append(chunk)
        assert text_of(seen) and caught.value.message and caught.value.code

    @pytest.mark.skipif(not target.GATEWAY, reason="the server's connection is cut, and no error is in the stream")
    def test_backend_is_cut(self, client):
        with pytest.raises(openai.APIError) as caught:
            list(stream(client, "Hello [[tokens 20]] [[cut after 3]]"))
        assert caught.value.code in ("model_failed", "model_unavailable")

    def test_options_without_a_stream(self, client):
        if not target.GATEWAY:
            pytest.skip("the scripted model ignores them")
        with pytest.raises(openai.UnprocessableEntityError):
            client.chat.completions.create(model=target.CHAT, messages=HELLO, stream_options=COUNTED)


class TestOptions:
    @pytest.mark.skipif(not target.OPENAI, reason=skips.OPTIONS)
    def test_choices(self, client):
        done = client.chat.completions.create(model=target.CHAT, messages=HELLO, n=2)
        assert [choice.index for choice in done.choices] == [0, 1]

    @pytest.mark.skipif(not target.OPENAI, reason=skips.OPTIONS)
    def test_logprobs(self, client):
        choice = ask(client, "one two", logprobs=True, top_logprobs=2)
        entries = choice.logprobs.content
        assert "".join(entry.token for entry in entries) == choice.message.content
        assert all(entry.logprob <= 0 and len(entry.top_logprobs) == 2 for entry in entries)

    @pytest.mark.skipif(not target.GATEWAY or target.OPENAI, reason="the backend has all options of OpenAI's API")
    def test_dropped_options_are_told(self, client):
        raw = client.chat.completions.with_raw_response.create(
            model=target.CHAT, messages=HELLO, frequency_penalty=0.5, seed=7
        )
        assert raw.parse().choices[0].message.content
        assert "frequency_penalty" in raw.headers["x-gatehouse-dropped"].split(", ")

    @pytest.mark.skipif("top_k" not in target.PASS_THROUGH, reason="the settings list no such member")
    def test_members_beyond_openai(self, client):
        assert ask(client, "Hello", extra_body={"top_k": 5}).message.content


class TestTools:
    def test_loop(self, client):
        messages = [{"role": "user", "content": "What is the weather in Paris and London?"}]
        first = ask(client, messages, tools=[WEATHER])
        assert first.finish_reason == "tool_calls"
        cities = [json.loads(call.function.arguments)["city"] for call in first.message.tool_calls]
        assert cities == ["Paris", "London"]
        assert len({call.id for call in first.message.tool_calls}) == 2
        messages.append(first.message)
        for call, weather in zip(first.message.tool_calls, ("It is sunny.", "It rains."), strict=True):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": weather})
        last = ask(client, messages, tools=[WEATHER])
        assert last.finish_reason == "stop"
        assert "sunny" in last.message.content and "rains" in last.message.content
        # The history has calls and results; the tools may be left out.
        messages += [last.message, {"role": "user", "content": "Thank you"}]
        assert ask(client, messages).message.content

    def test_failure_is_told(self, client):
        messages = [{"role": "user", "content": "What is the weather in Paris?"}]
        messages.append(ask(client, messages, tools=[WEATHER]).message)
        call = messages[-1].tool_calls[0]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "Error: no such city"})
        assert "no such city" in ask(client, messages, tools=[WEATHER]).message.content

    def test_choice(self, client):
        named = {"type": "function", "function": {"name": "get_time"}}
        assert ask(client, "Hello", tools=[WEATHER, CLOCK]).message.tool_calls is None
        assert ask(client, "Hello", tools=[WEATHER, CLOCK], tool_choice="required").message.tool_calls
        assert (
            ask(client, "Hello", tools=[WEATHER, CLOCK], tool_choice=named).message.tool_calls[0].function.name
            == "get_time"
        )
        weather = "What is the weather in Paris?"
        assert ask(client, weather, tools=[WEATHER, CLOCK], tool_choice="none").message.tool_calls is None

    def test_without_arguments(self, client):
        call = ask(client, "What time is it?", tools=[CLOCK]).message.tool_calls[0]
        assert json.loads(call.function.arguments) == {}

    def test_parsed_arguments(self, client):
        class GetWeather(BaseModel):
            city: str
            days: int

        done = client.chat.completions.parse(
            model=target.CHAT,
            messages=[{"role": "user", "content": "Get the weather of Oslo for 3 days"}],
            tools=[openai.pydantic_function_tool(GetWeather)],
        )
        assert done.choices[0].message.tool_calls[0].function.parsed_arguments == GetWeather(city="Oslo", days=3)


class Unit(str, Enum):
    metric = "metric"
    imperial = "imperial"


class Person(BaseModel):
    name: str
    age: int


class Report(BaseModel):
    people: list[Person]
    unit: Unit
    note: str | None


class TestStructuredOutput:
    def test_parse(self, client):
        done = client.chat.completions.parse(
            model=target.CHAT,
            messages=[{"role": "user", "content": "Alice is 30 and Bob is 25, in metric units"}],
            response_format=Report,
        )
        message = done.choices[0].message
        assert message.parsed == Report(
            people=[Person(name="Alice", age=30), Person(name="Bob", age=25)], unit=Unit.metric, note=None
        )
        assert message.tool_calls is None and done.choices[0].finish_reason == "stop"

    def test_json_object(self, client):
        choice = ask(
            client, "Reply with JSON that has the key 'animal' for a cat", response_format={"type": "json_object"}
        )
        assert isinstance(json.loads(choice.message.content), dict)

    def test_after_tools(self, client):
        schema = {
            "name": "w",
            "schema": {"type": "object", "properties": {"degrees": {"type": "integer"}}, "required": ["degrees"]},
        }
        members = {"tools": [WEATHER], "response_format": {"type": "json_schema", "json_schema": schema}}
        messages = [{"role": "user", "content": "What is the weather in Paris?"}]
        first = ask(client, messages, **members).message
        assert first.tool_calls
        messages += [first, {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "18 degrees"}]
        assert json.loads(ask(client, messages, **members).message.content) == {"degrees": 18}


class TestAttachments:
    @pytest.mark.parametrize("form", list(media.IMAGES))
    def test_image(self, client, form):
        color, data = media.IMAGES[form]
        assert color in self.describe(client, media.data_url(f"image/{form}", data))

    def test_image_by_address(self, client):
        with pytest.raises(openai.UnprocessableEntityError if target.GATEWAY else openai.BadRequestError):
            self.describe(client, "https://example.com/x.png")

    def test_document(self, client):
        file = {"filename": "report.pdf", "file_data": media.data_url("application/pdf", media.PDF)}
        content = [{"type": "text", "text": "Summarize the document"}, {"type": "file", "file": file}]
        choice = ask(client, [{"role": "user", "content": content}], model=target.VISION)
        assert "Annual report" in choice.message.content

    def describe(self, client, url: str) -> str:
        content = [
            {"type": "text", "text": "What color is this image?"},
            {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        ]
        return ask(client, [{"role": "user", "content": content}], model=target.VISION).message.content


class TestReasoning:
    def test_reasoning(self, client):
        messages = [{"role": "user", "content": "How many apples are three and four?"}]
        message = ask(client, messages, model=target.REASONING, reasoning_effort="low").message
        assert message.content and message.reasoning_content
        messages += [message, {"role": "user", "content": "Are you sure?"}]
        assert ask(client, messages, model=target.REASONING, reasoning_effort="low").message.content

    def test_reasoning_and_tools(self, client):
        messages = [{"role": "user", "content": "What is the weather in Paris?"}]
        members = {"model": target.REASONING, "reasoning_effort": "medium", "tools": [WEATHER]}
        first = ask(client, messages, **members).message
        messages += [first, {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "sunny"}]
        assert "sunny" in ask(client, messages, **members).message.content


class TestEmbeddings:
    def test_texts(self, client):
        done = client.embeddings.create(
            model=target.EMBEDDINGS, input=["the cat sat on the mat", "a cat sat on a mat", "shares fell on Friday"]
        )
        one, near, far = (item.embedding for item in done.data)
        assert math.isclose(product(one, one), 1, abs_tol=1e-3)
        assert product(one, near) > product(one, far)
        assert done.usage.prompt_tokens > 0

    def test_dimensions_and_encodings(self, client):
        members = {"model": target.EMBEDDINGS, "input": "Hello", "dimensions": 256}
        floats = client.embeddings.create(**members, encoding_format="float").data[0].embedding
        encoded = client.embeddings.create(**members, encoding_format="base64").data[0].embedding
        decoded = client.embeddings.create(**members).data[0].embedding
        assert len(floats) == len(decoded) == 256
        assert isinstance(encoded, str)
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(floats, decoded, strict=True))


def product(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


class TestErrors:
    def test_another_model(self, client):
        with pytest.raises(openai.NotFoundError) as caught:
            ask(client, "Hello", model="gpt-4o")
        assert caught.value.code == "model_not_found" and caught.value.message

    @pytest.mark.parametrize(
        "members",
        [
            {"temperature": 5},
            {"messages": []},
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        ],
        ids=["temperature", "messages", "tool_choice"],
    )
    def test_wrong_members(self, client, members):
        with pytest.raises(openai.UnprocessableEntityError if target.GATEWAY else openai.BadRequestError) as caught:
            ask(client, **{"messages": HELLO, **members})
        assert caught.value.message

    def test_result_without_call(self, client):
        with pytest.raises(openai.UnprocessableEntityError if target.GATEWAY else openai.BadRequestError):
            ask(client, [*HELLO, {"role": "tool", "tool_call_id": "call_1", "content": "x"}])
