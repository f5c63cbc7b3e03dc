"""Converse and ConverseStream of Bedrock: what reaches the model's server, and what becomes of its completion."""

import base64
import contextlib
import json
import queue
import secrets
import threading

from botocore.exceptions import ClientError, EventStreamError
from urllib3.exceptions import ProtocolError

from .harness import CloudTest
from .model_server import ModelTest

NOVA, NOVA_2 = "amazon.nova-lite-v1:0", "us.amazon.nova-2-lite-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-4-7"
GPT = "openai.gpt-oss-20b-1:0"
LLAMA = "us.meta.llama3-1-8b-instruct-v1:0"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.7\n%%EOF\n"
WEATHER = {
    "toolSpec": {
        "name": "weather",
        "description": "Tells the weather",
        "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
    }
}
FUNCTION = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": WEATHER["toolSpec"]["inputSchema"]["json"],
    },
}
END = [
    {"choices": [{"delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
]
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 2048}}


def user(*blocks: dict) -> dict:
    return {"role": "user", "content": list(blocks or [{"text": "Hello"}])}


def assistant(*blocks: dict) -> dict:
    return {"role": "assistant", "content": list(blocks)}


def use(identity: str = "t1", city: str = "Paris") -> dict:
    return {"toolUse": {"toolUseId": identity, "name": "weather", "input": {"city": city}}}


def result(identity: str = "t1", *content: dict, **more) -> dict:
    return {"toolResult": {"toolUseId": identity, "content": list(content or [{"text": "rain"}]), **more}}


def text(piece: str) -> dict:
    return {"choices": [{"delta": {"content": piece}}]}


def call(index: int, arguments: str, **more) -> dict:
    return {"index": index, "id": f"call_{index}", "type": "function", "function": {"arguments": arguments, **more}}


class ConverseTest(ModelTest):
    """Requests, whole or streamed."""

    def converse(self, *messages: dict, model: str = NOVA, **more) -> dict:
        return self.cloud.client("bedrock-runtime").converse(modelId=model, messages=list(messages or [user()]), **more)

    def stream(self, *messages: dict, model: str = NOVA, **more) -> list[tuple[str, dict]]:
        response = self.cloud.client("bedrock-runtime").converse_stream(
            modelId=model, messages=list(messages or [user()]), **more
        )
        with contextlib.closing(response["stream"]) as events:
            return [item for event in events for item in event.items()]

    def sent(self) -> dict:
        """The last request that the server got."""
        return self.server.requests[-1]

    def code(self, **more) -> str:
        with self.assertRaises(ClientError) as failed:
            self.converse(**more)
        return failed.exception.response["Error"]["Code"]


class RequestTest(ConverseTest):
    def test_parameters(self):
        config = {"maxTokens": 9, "temperature": 0.5, "topP": 0.25, "stopSequences": ["END"]}
        self.converse(system=[{"text": "Be brief."}, {"text": "Be kind."}], inferenceConfig=config)
        self.assertEqual(
            self.sent(),
            {
                "model": "llama3.2:1b",
                "messages": [
                    {"role": "system", "content": "Be brief.\nBe kind."},
                    {"role": "user", "content": "Hello"},
                ],
                "max_tokens": 9,
                "temperature": 0.5,
                "top_p": 0.25,
                "stop": ["END"],
            },
        )

    def test_a_model_of_the_same_name_completes(self):
        self.server.models.append(NOVA)
        self.converse()
        self.assertEqual(self.sent()["model"], NOVA)

    def test_tools_and_their_results(self):
        tools = {"tools": [WEATHER], "toolChoice": {"tool": {"name": "weather"}}}
        self.converse(
            user(),
            assistant({"text": "I look."}, use("t1"), use("t2", "Rome")),
            user(
                result("t1"), result("t2", {"text": "no"}, {"json": {"why": "sun"}}, status="error"), {"text": "Well?"}
            ),
            toolConfig=tools,
        )
        sent = self.sent()
        self.assertEqual(sent["tools"], [FUNCTION])
        self.assertEqual(sent["tool_choice"], {"type": "function", "function": {"name": "weather"}})
        calls = [
            {"id": identity, "type": "function", "function": {"name": "weather", "arguments": arguments}}
            for identity, arguments in (("t1", '{"city": "Paris"}'), ("t2", '{"city": "Rome"}'))
        ]
        self.assertEqual(
            sent["messages"][1:],
            [
                {"role": "assistant", "content": "I look.", "tool_calls": calls},
                {"role": "tool", "tool_call_id": "t1", "content": "rain"},
                {"role": "tool", "tool_call_id": "t2", "content": 'Error: no\n{"why": "sun"}'},
                {"role": "user", "content": "Well?"},
            ],
        )
        for choice, wanted in (({"any": {}}, "required"), ({"auto": {}}, "auto")):
            self.converse(toolConfig={"tools": [WEATHER], "toolChoice": choice})
            self.assertEqual(self.sent()["tool_choice"], wanted)

    def test_one_tool_at_a_time(self):
        tools = {"tools": [WEATHER]}
        for choice, more, wanted in (
            (None, {"type": "auto"}, None),
            (None, {"type": "any"}, "required"),
            ({"any": {}}, {}, "required"),
        ):
            config = {**tools, "toolChoice": choice} if choice else tools
            fields = {"tool_choice": {**more, "disable_parallel_tool_use": True}}
            self.converse(model=CLAUDE, toolConfig=config, additionalModelRequestFields=fields)
            self.assertIs(self.sent()["parallel_tool_calls"], False)
            self.assertEqual(self.sent().get("tool_choice"), wanted)

    def test_images_and_documents(self):
        document = {"name": "Report", "format": "pdf", "source": {"bytes": PDF}}
        image = {"format": "png", "source": {"bytes": PNG}}
        self.converse(user({"text": "See"}, {"image": image}, {"document": document}))
        pdf, png = base64.b64encode(PDF).decode(), base64.b64encode(PNG).decode()
        self.assertEqual(
            self.sent()["messages"][0]["content"],
            [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}},
                {"type": "file", "file": {"filename": "Report.pdf", "file_data": f"data:application/pdf;base64,{pdf}"}},
            ],
        )

    def test_an_image_in_a_result_follows_it(self):
        image = {"image": {"format": "png", "source": {"bytes": PNG}}}
        self.converse(
            user(), assistant(use()), user(result("t1", {"text": "a map"}, image)), toolConfig={"tools": [WEATHER]}
        )
        self.assertEqual(
            [message["role"] for message in self.sent()["messages"]], ["user", "assistant", "tool", "user"]
        )
        self.assertEqual(self.sent()["messages"][3]["content"][0]["type"], "image_url")

    def test_structured_output(self):
        schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}
        definition = {"name": "sum", "description": "A sum", "schema": json.dumps(schema)}
        output = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}
        self.converse(model=CLAUDE, outputConfig=output)
        self.assertEqual(
            self.sent()["response_format"],
            {
                "type": "json_schema",
                "json_schema": {"name": "sum", "description": "A sum", "schema": schema, "strict": True},
            },
        )

    def test_reasoning(self):
        def thinking(budget: int) -> dict:
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}

        adaptive = {"thinking": {"type": "adaptive"}}
        for model, fields, wanted in (
            (CLAUDE, None, None),
            (CLAUDE, {"thinking": {"type": "disabled"}}, None),
            (CLAUDE, thinking(1024), "low"),
            (CLAUDE, thinking(8192), "medium"),
            (CLAUDE, thinking(16_000), "high"),
            (OPUS, adaptive, "high"),
            (OPUS, {**adaptive, "output_config": {"effort": "low"}}, "low"),
            (OPUS, {**adaptive, "output_config": {"effort": "max"}}, "high"),
            (NOVA_2, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}, "high"),
            (NOVA_2, {"reasoningConfig": {"type": "disabled"}}, None),
            (GPT, None, "medium"),
            (GPT, {"reasoning_effort": "low"}, "low"),
        ):
            with self.subTest(model=model, fields=fields):
                self.converse(model=model, **({} if fields is None else {"additionalModelRequestFields": fields}))
                self.assertEqual(self.sent().get("reasoning_effort"), wanted)


class AnswerTest(ConverseTest):
    def test_a_text(self):
        response = self.converse(model=LLAMA)
        self.assertEqual(response["output"]["message"], assistant({"text": "Hello."}))
        self.assertEqual(response["stopReason"], "end_turn")
        self.assertEqual(response["usage"], {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7})
        self.assertGreaterEqual(response["metrics"]["latencyMs"], 1)

    def test_reasons_to_stop(self):
        for choice, wanted in (
            ({"finish_reason": "length"}, "max_tokens"),
            ({"finish_reason": "content_filter"}, "content_filtered"),
            ({"finish_reason": "stop", "stop_reason": "END"}, "stop_sequence"),
            ({"finish_reason": "stop", "stop_reason": 128_001}, "end_turn"),
        ):
            self.server.choice = choice
            found = self.converse(inferenceConfig={"stopSequences": ["END"]})["stopReason"]
            self.assertEqual(found, wanted, choice)

    def test_calls_of_tools(self):
        calls = [call(0, '{"city": "Paris"}', name="weather"), call(1, "", name="weather")]
        for finish in ("tool_calls", "stop"):
            self.server.message, self.server.choice = {"content": None, "tool_calls": calls}, {"finish_reason": finish}
            response = self.converse(toolConfig={"tools": [WEATHER]})
            self.assertEqual(response["stopReason"], "tool_use")
            first, second = (block["toolUse"] for block in response["output"]["message"]["content"])
            self.assertEqual((first["name"], first["input"]), ("weather", {"city": "Paris"}))
            self.assertEqual(second["input"], {})
            self.assertRegex(first["toolUseId"], "^tooluse_[a-zA-Z0-9_-]{22}$")
            self.assertNotEqual(first["toolUseId"], second["toolUseId"])

    def test_nova_cannot_call_a_tool_with_a_hyphen_in_its_name(self):
        self.server.message = {"content": None, "tool_calls": [call(0, "{}", name="get-weather")]}
        tools = {"tools": [{"toolSpec": {**WEATHER["toolSpec"], "name": "get-weather"}}]}
        self.assertEqual(self.converse(model=CLAUDE, toolConfig=tools)["stopReason"], "tool_use")
        with self.assertRaises(ClientError) as failed:
            self.converse(model=NOVA, toolConfig=tools)
        self.assertEqual(failed.exception.response["Error"]["Code"], "ModelErrorException")

    def test_arguments_that_are_no_json(self):
        self.server.message = {"content": "I look.", "tool_calls": [call(0, '{"city', name="weather")]}
        response = self.converse(toolConfig={"tools": [WEATHER]})
        self.assertEqual(response["stopReason"], "malformed_tool_use")
        self.assertEqual(response["output"]["message"]["content"], [{"text": "I look."}])

    def test_an_empty_completion(self):
        self.server.message, self.server.choice = {"content": ""}, {"finish_reason": "length"}
        response = self.converse()
        self.assertEqual((response["output"]["message"]["content"], response["stopReason"]), ([], "max_tokens"))

    def test_reasoning_comes_first_and_can_be_sent_back(self):
        self.server.message = {"reasoning_content": "Rain?", "tool_calls": [call(0, "{}", name="weather")]}
        more = {"model": CLAUDE, "additionalModelRequestFields": THINKING, "toolConfig": {"tools": [WEATHER]}}
        message = self.converse(**more)["output"]["message"]
        thought = message["content"][0]["reasoningContent"]["reasoningText"]
        self.assertEqual(thought["text"], "Rain?")
        self.assertTrue(thought["signature"])
        identity = message["content"][1]["toolUse"]["toolUseId"]
        self.converse(user(), message, user(result(identity)), **more)
        self.assertEqual(self.sent()["messages"][1]["tool_calls"][0]["id"], identity)

    def test_reasoning_of_other_families(self):
        self.server.message = {"reasoning_content": "Rain?", "content": "Yes."}
        reasoning = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
        for model, fields, wanted in (
            (NOVA_2, reasoning, [{"text": "[REDACTED]"}]),
            (GPT, {"reasoning_effort": "low"}, [{"text": "Rain?"}]),
            (LLAMA, None, []),
            (CLAUDE, None, []),
        ):
            with self.subTest(model=model):
                more = {} if fields is None else {"additionalModelRequestFields": fields}
                *before, last = self.converse(model=model, **more)["output"]["message"]["content"]
                self.assertEqual([block["reasoningContent"]["reasoningText"] for block in before], wanted)
                self.assertEqual(last, {"text": "Yes."})


class StreamTest(ConverseTest):
    def test_pieces_are_sent_at_once(self):
        self.server.hold = threading.Event()
        response = self.cloud.client("bedrock-runtime").converse_stream(modelId=NOVA, messages=[user()])
        with contextlib.closing(response["stream"]) as events:
            found = next(event for event in events if "contentBlockDelta" in event)
            self.server.hold.set()
            self.assertEqual(found["contentBlockDelta"]["delta"], {"text": "Hello."})
            self.assertIn("metadata", list(events)[-1])
        self.assertTrue(self.server.held)

    def test_each_piece_is_sent_when_the_server_has_it(self):
        self.server.gate = queue.Queue()
        self.server.chunks = [text(f"{number} ") for number in range(20)] + END
        response = self.cloud.client("bedrock-runtime").converse_stream(modelId=NOVA, messages=[user()])
        with contextlib.closing(response["stream"]) as events:
            iterator = iter(events)
            self.assertIn("messageStart", next(iterator))
            for number in range(20):
                # The next chunk leaves only after this one has come.
                self.server.gate.put(None)
                self.assertEqual(next(iterator)["contentBlockDelta"]["delta"], {"text": f"{number} "})
            for _ in END:
                self.server.gate.put(None)
            self.assertEqual([list(event)[0] for event in iterator], ["contentBlockStop", "messageStop", "metadata"])

    def test_many_streams_do_not_wait_for_each_other(self):
        self.server.gate = queue.Queue()
        self.server.chunks = [text("Hi"), *END]
        client = self.cloud.client("bedrock-runtime")
        # More than the threads that asyncio has for work of this kind.
        responses = [client.converse_stream(modelId=NOVA, messages=[user()]) for _ in range(70)]
        for _ in range(70 * 3):
            self.server.gate.put(None)
        for response in responses:
            with contextlib.closing(response["stream"]) as events:
                self.assertIn("metadata", list(events)[-1])

    def test_an_error_within_a_stream_is_an_exception_of_its_kind(self):
        for code, wanted in (
            ("server_error", "modelStreamErrorException"),
            (None, "modelStreamErrorException"),
            ("internal_error", "internalServerException"),
            ("rate_limit_exceeded", "throttlingException"),
            ("service_unavailable", "serviceUnavailableException"),
            ("invalid_request_error", "validationException"),
        ):
            self.server.chunks = [text("I "), {"error": {"message": "no more", "code": code}}]
            response = self.cloud.client("bedrock-runtime").converse_stream(modelId=NOVA, messages=[user()])
            found = []
            with contextlib.closing(response["stream"]) as events, self.assertRaises(EventStreamError) as failed:
                for event in events:
                    found.append(event)
            self.assertEqual(failed.exception.response["Error"], {"Code": wanted, "Message": "no more"})
            self.assertEqual(found[-1]["contentBlockDelta"]["delta"], {"text": "I "})

    def test_a_connection_that_is_cut_is_cut_here_too(self):
        self.server.ends, self.server.chunks = "cut", [text("I ")]
        response = self.cloud.client("bedrock-runtime").converse_stream(modelId=NOVA, messages=[user()])
        found = []
        with self.assertRaises(ProtocolError):
            for event in response["stream"]:
                found.append(event)
        self.assertEqual(found[-1]["contentBlockDelta"]["delta"], {"text": "I "})

    def test_a_reader_that_leaves_ends_the_request_to_the_server(self):
        self.server.ends, self.server.chunks = "hang", [text("I ")]
        response = self.cloud.client("bedrock-runtime").converse_stream(modelId=NOVA, messages=[user()])
        next(event for event in response["stream"] if "contentBlockDelta" in event)
        response["stream"].close()
        self.assertTrue(self.server.left.wait(5))

    def test_pieces_are_those_of_the_server(self):
        self.server.chunks = [
            {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
            {"choices": [{"delta": {"reasoning_content": "Ra"}}]},
            {"choices": [{"delta": {"reasoning_content": "in?"}}]},
            {"choices": [{"delta": {"content": "I "}}]},
            {"choices": [{"delta": {"content": "look."}}]},
            {"choices": [{"delta": {"tool_calls": [call(0, "", name="weather")]}}]},
            {"choices": [{"delta": {"tool_calls": [call(0, '{"city":')]}}]},
            {"choices": [{"delta": {"tool_calls": [call(0, ' "Paris"}')]}}]},
            {"choices": [{"delta": {"tool_calls": [call(1, "{}", name="weather")]}}]},
            {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 6}},
        ]
        events = self.stream(model=CLAUDE, additionalModelRequestFields=THINKING, toolConfig={"tools": [WEATHER]})
        found = [(name, event.get("contentBlockIndex"), event.get("delta")) for name, event in events]
        signature = found[3][2]["reasoningContent"]["signature"]
        self.assertEqual(
            found,
            [
                ("messageStart", None, None),
                ("contentBlockDelta", 0, {"reasoningContent": {"text": "Ra"}}),
                ("contentBlockDelta", 0, {"reasoningContent": {"text": "in?"}}),
                ("contentBlockDelta", 0, {"reasoningContent": {"signature": signature}}),
                ("contentBlockStop", 0, None),
                ("contentBlockDelta", 1, {"text": "I "}),
                ("contentBlockDelta", 1, {"text": "look."}),
                ("contentBlockStop", 1, None),
                ("contentBlockStart", 2, None),
                ("contentBlockDelta", 2, {"toolUse": {"input": '{"city":'}}),
                ("contentBlockDelta", 2, {"toolUse": {"input": ' "Paris"}'}}),
                ("contentBlockStop", 2, None),
                ("contentBlockStart", 3, None),
                ("contentBlockDelta", 3, {"toolUse": {"input": "{}"}}),
                ("contentBlockStop", 3, None),
                ("messageStop", None, None),
                ("metadata", None, None),
            ],
        )
        self.assertEqual(events[8][1]["start"]["toolUse"]["name"], "weather")
        self.assertEqual(events[15][1]["stopReason"], "tool_use")
        self.assertEqual(events[16][1]["usage"]["totalTokens"], 11)
        self.assertEqual(self.sent()["stream_options"], {"include_usage": True})

    def test_a_failure_within_the_stream(self):
        for chunks in (
            [{"choices": [{"delta": {"content": "I "}}]}],
            [{"choices": [{"delta": {"content": "I "}}]}, {"choices": [{"delta": {"tool_calls": [{}]}}]}],
        ):
            self.server.chunks = chunks
            with self.assertRaises(EventStreamError) as failed:
                self.stream()
            self.assertEqual(failed.exception.response["Error"]["Code"], "modelStreamErrorException")

    def test_a_failure_before_the_stream(self):
        self.server.status = 500
        with self.assertRaises(ClientError) as failed:
            self.stream()
        self.assertEqual(failed.exception.response["Error"]["Code"], "ModelErrorException")

    def test_busy_servers(self):
        for status, wanted in ((429, "ThrottlingException"), (503, "ServiceUnavailableException")):
            self.server.status = status
            for call in (self.stream, self.converse):
                with self.assertRaises(ClientError) as failed:
                    call()
                self.assertEqual(failed.exception.response["Error"]["Code"], wanted)

    def guardrail(self, **policy) -> dict:
        """The configuration of a guardrail for the word Hello, or with this policy."""
        policy = policy or {"wordPolicyConfig": {"wordsConfig": [{"text": "Hello"}]}}
        made = self.cloud.client("bedrock").create_guardrail(
            name=f"g-{secrets.token_hex(4)}", blockedInputMessaging="no", blockedOutputsMessaging="sorry", **policy
        )
        return {"guardrailIdentifier": made["guardrailId"], "guardrailVersion": "DRAFT"}

    def texts(self, **config) -> tuple[list[str], str]:
        """The pieces of text that come through a guardrail, and the reason to stop."""
        events = self.stream(user({"text": "Hi"}), guardrailConfig=config)
        self.assertEqual(events[-1][0], "metadata")
        self.assertEqual(events[-1][1]["usage"]["outputTokens"], 4)
        pieces = [event["delta"]["text"] for name, event in events if name == "contentBlockDelta"]
        return pieces, next(event["stopReason"] for name, event in events if name == "messageStop")

    def test_a_guardrail_in_sync_mode_holds_pieces_back(self):
        config = self.guardrail()
        begin = [text("word ") for _ in range(50)]
        for more in ({}, {"streamProcessingMode": "sync"}):
            # The word is in two pieces, the first of which must not leave.
            self.server.chunks = [*begin, text("Hel"), text("lo"), text(" after"), *END]
            pieces, reason = self.texts(**config, **more)
            self.assertEqual((pieces, reason), (["word "] * 40 + ["sorry"], "guardrail_intervened"))
            self.server.chunks = [*begin, *END]
            self.assertEqual(self.texts(**config, **more), (["word "] * 50, "end_turn"))

    def test_a_guardrail_in_sync_mode_masks(self):
        entities = [{"type": "EMAIL", "action": "ANONYMIZE"}]
        config = self.guardrail(sensitiveInformationPolicyConfig={"piiEntitiesConfig": entities})
        self.server.chunks = [text("Write to a@exam"), text("ple.com."), *END]
        self.assertEqual(self.texts(**config)[0], ["Write to {EMAIL}."])
        self.server.chunks = [text("Write to a@exam"), text("ple.com."), *END]
        self.assertEqual(self.texts(**config, streamProcessingMode="async")[0], ["Write to a@exam", "ple.com."])

    def test_a_guardrail_in_async_mode_comes_too_late(self):
        self.server.chunks = [text("Hel"), text("lo"), text(" after"), *END]
        pieces, reason = self.texts(**self.guardrail(), streamProcessingMode="async")
        self.assertEqual((pieces, reason), (["Hel", "lo", "sorry"], "guardrail_intervened"))

    def test_a_guardrail_sees_the_whole_completion(self):
        config = self.guardrail()
        for text, wanted in (("Hi", "sorry"), ("Hello", "no")):
            events = self.stream(user({"text": text}), guardrailConfig=config)
            self.assertEqual(events[1][1]["delta"], {"text": wanted})
            self.assertEqual(events[3][1]["stopReason"], "guardrail_intervened")
            self.assertEqual(
                self.converse(user({"text": text}), guardrailConfig=config)["stopReason"], "guardrail_intervened"
            )


class CacheTest(ConverseTest):
    POINT = {"cachePoint": {"type": "default"}}

    def cost(self, *messages: dict, tokens: int = 4000, **more) -> tuple[int, int, int]:
        """The tokens that are fresh, read and written."""
        self.server.usage = {"prompt_tokens": tokens, "completion_tokens": 1}
        usage = self.converse(*messages, **more)["usage"]
        self.assertEqual(usage["totalTokens"], tokens + 1)
        return usage["inputTokens"], usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]

    def test_a_prefix_is_written_and_then_read(self):
        long = {"text": "long " * 2000}
        first = self.cost(user({"text": "first"}), model=CLAUDE, system=[long, self.POINT])
        self.assertEqual((sum(first), first[1]), (4000, 0))
        self.assertGreater(first[2], 3900)
        second = self.cost(user({"text": "other"}), model=CLAUDE, system=[long, self.POINT])
        self.assertEqual(second, (first[0], first[2], 0))
        self.assertEqual(self.cost(user({"text": "first"}), model=CLAUDE, system=[long]), (4000, 0, 0))

    def test_a_longer_prefix_reads_the_shorter(self):
        begin, more = user({"text": "begin " * 2000}, self.POINT), assistant({"text": "more " * 2000})
        _, _, written = self.cost(begin, model=CLAUDE)
        begin["content"].pop()
        fresh, read, new = self.cost(begin, more, user({"text": "and?"}, self.POINT), model=CLAUDE, tokens=8000)
        self.assertEqual((read, fresh), (written, 0))
        self.assertEqual(new, 8000 - written)

    def test_a_short_prefix_is_not_cached(self):
        for model, tokens, cached in ((CLAUDE, 1000, 0), (NOVA, 1000, 1000), (NOVA, 999, 0)):
            text = {"text": f"{model} {tokens}"}
            self.assertEqual(self.cost(user(text, self.POINT), model=model, tokens=tokens)[2], cached)

    def test_what_differs_is_not_read(self):
        self.cost(user({"text": "one " * 2000}, self.POINT), model=CLAUDE)
        for change in (
            {"system": [{"text": "Be brief."}]},
            {"toolConfig": {"tools": [WEATHER]}},
            {"model": "us.anthropic.claude-sonnet-4-20250514-v1:0"},
        ):
            more = {"model": CLAUDE, **change}
            self.assertEqual(self.cost(user({"text": "one " * 2000}, self.POINT), **more)[1], 0, change)


class FailureTest(ConverseTest):
    def test_failures_are_bedrocks(self):
        self.server.choice = {}
        self.assertEqual(self.code(), "ModelErrorException")
        self.server.choice, self.server.usage = {"finish_reason": "stop"}, None
        self.assertEqual(self.code(), "ModelErrorException")
        self.server.reset()
        self.server.status = 500
        self.assertEqual(self.code(), "ModelErrorException")
        self.server.models.clear()
        self.assertEqual(self.code(), "ServiceUnavailableException")

    def test_faults_hit(self):
        for service_action, call in (("Converse", self.converse), ("ConverseStream", self.stream)):
            fault = {
                "service": "bedrock-runtime",
                "action": {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}[
                    service_action
                ],
                "mode": "error-before",
                "times": 1,
                "status": 429,
                "code": "ThrottlingException",
            }
            self.cloud.control("faults", [fault])
            self.addCleanup(self.cloud.control, "faults", [])
            with self.assertRaises(ClientError) as failed:
                call()
            self.assertEqual(failed.exception.response["Error"]["Code"], "ThrottlingException")
            call()


class NoServerTest(CloudTest):
    options = ("--model-url", "http://127.0.0.1:1")

    def test_a_server_that_is_down(self):
        bedrock = self.cloud.client("bedrock-runtime")
        for call in (bedrock.converse, bedrock.converse_stream):
            for messages, code in (
                ([user()], "ServiceUnavailableException"),
                ([user({"text": " "})], "ValidationException"),
            ):
                with self.assertRaises(ClientError) as failed:
                    call(modelId=NOVA, messages=messages)
                self.assertEqual(failed.exception.response["Error"]["Code"], code)


class NoModelsTest(CloudTest):
    def test_without_a_server_there_are_no_models(self):
        with self.assertRaises(ClientError) as failed:
            self.cloud.client("bedrock-runtime").converse(modelId=NOVA, messages=[user()])
        self.assertIn("--model-url", failed.exception.response["Error"]["Message"])
