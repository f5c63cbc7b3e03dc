"""Translates the chunks of a chat completion into the events of ConverseStream, and these into Converse's response.

Both take the same path: Converse's response is assembled from the events.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from gatehouse_cloud.fidelity.bedrock import model_server, reasoning
from gatehouse_cloud.fidelity.bedrock.families import Family

Event = tuple[str, dict]

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
# What Nova's models answer when they call a tool with a hyphen in its name: https://github.com/SEMOSS/Semoss/pull/2892
NO_TOOL_USE = (
    "Model produced invalid sequence as part of ToolUse. Please refer to the model tool use troubleshooting guide."
)
# Nova's reasoning is never shown.
REDACTED = "[REDACTED]"


def as_chunk(completion: dict) -> dict:
    """Return a whole completion as the one chunk of a stream."""
    try:
        choice = completion["choices"][0]
        message = choice["message"]
        calls = [{"index": index, **call} for index, call in enumerate(message.get("tool_calls") or [])]
        return {
            "choices": [{**choice, "delta": {**message, "tool_calls": calls}}],
            "usage": completion["usage"],
        }
    except (KeyError, IndexError, TypeError, AttributeError) as problem:
        raise model_server.malformed("the model's server returned no completion") from problem


class Translator:
    """Translates one completion. Its usage and reason to stop are known at the end."""

    def __init__(self, family: Family, reasons: bool, stop_sequences: list[str]):
        self._family, self._reasons, self._stop_sequences = family, reasons, stop_sequences
        self._index, self._kind = -1, ""
        self._reasoning: list[str] = []
        self._finish, self._stop = "", None
        self._called = False
        self.prompt_tokens = self.completion_tokens = 0

    def events(self, chunks: Iterable[dict]) -> Iterator[Event]:
        """Yield the events up to messageStop."""
        yield "messageStart", {"role": "assistant"}
        counted = False
        for chunk in chunks:
            try:
                if usage := chunk.get("usage"):
                    self.prompt_tokens, self.completion_tokens = usage["prompt_tokens"], usage["completion_tokens"]
                    counted = True
                for choice in chunk.get("choices") or []:
                    yield from self._choice(choice)
            except (KeyError, TypeError, AttributeError) as problem:
                raise model_server.malformed("the model's server returned a chunk that is none") from problem
        if not self._finish or not counted:
            raise model_server.malformed("the model's server ended a completion too early")
        yield from self._end()
        yield "messageStop", {"stopReason": self._stop_reason()}

    def _choice(self, choice: dict) -> Iterator[Event]:
        delta = choice.get("delta") or {}
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought and self._reasons:
            yield from self._begin("reasoning")
            self._reasoning.append(thought)
            if not self._family.nova:
                yield self._delta({"reasoningContent": {"text": thought}})
        if text := delta.get("content"):
            yield from self._begin("text")
            yield self._delta({"text": text})
        for call in delta.get("tool_calls") or []:
            yield from self._call(call)
        self._finish = choice.get("finish_reason") or self._finish
        self._stop = choice.get("stop_reason") or self._stop

    def _call(self, call: dict) -> Iterator[Event]:
        kind, function = f"tool {call.get('index', 0)}", call["function"]
        if kind != self._kind:
            yield from self._begin(kind)
            self._called = True
            if self._family.nova and "-" in function["name"]:
                raise model_server.malformed(NO_TOOL_USE)
            start = {"toolUse": {"toolUseId": f"tooluse_{secrets.token_urlsafe(16)}", "name": function["name"]}}
            yield "contentBlockStart", {"contentBlockIndex": self._index, "start": start}
        if function.get("arguments"):
            yield self._delta({"toolUse": {"input": function["arguments"]}})

    def _begin(self, kind: str) -> Iterator[Event]:
        if kind == self._kind:
            return
        yield from self._end()
        self._index, self._kind = self._index + 1, kind

    def _end(self) -> Iterator[Event]:
        if not self._kind:
            return
        if self._kind == "reasoning":
            if self._family.nova:
                yield self._delta({"reasoningContent": {"text": REDACTED}})
            if self._family.claude:
                signature = reasoning.sign("".join(self._reasoning))
                yield self._delta({"reasoningContent": {"signature": signature}})
            self._reasoning.clear()
        self._kind = ""
        yield "contentBlockStop", {"contentBlockIndex": self._index}

    def _delta(self, delta: dict) -> Event:
        return "contentBlockDelta", {"contentBlockIndex": self._index, "delta": delta}

    def _stop_reason(self) -> str:
        found = STOP_REASONS.get(self._finish, "end_turn")
        # With a forced choice of a tool, the reason is "stop".
        if found == "end_turn" and self._called:
            return "tool_use"
        if found == "end_turn" and self._stop in self._stop_sequences:
            return "stop_sequence"
        return found


def assemble(events: Iterable[Event]) -> tuple[list[dict], str]:
    """Return the blocks that events add up to, and the reason to stop."""
    blocks: list[dict[str, Any]] = []
    inputs: dict[int, str] = {}
    stop_reason = "end_turn"
    for name, event in events:
        if name == "messageStop":
            stop_reason = event["stopReason"]
        elif name == "contentBlockStart":
            inputs[event["contentBlockIndex"]] = ""
            blocks.append({"toolUse": dict(event["start"]["toolUse"])})
        elif name == "contentBlockDelta":
            _add(blocks, inputs, event["contentBlockIndex"], event["delta"])
    for index, arguments in inputs.items():
        try:
            blocks[index]["toolUse"]["input"] = json.loads(arguments or "{}")
        except ValueError:
            return [block for block in blocks if "toolUse" not in block], "malformed_tool_use"
    return blocks, stop_reason


def _add(blocks: list[dict], inputs: dict[int, str], index: int, delta: dict) -> None:
    if "toolUse" in delta:
        inputs[index] += delta["toolUse"]["input"]
        return
    if index == len(blocks):
        blocks.append({"text": ""} if "text" in delta else {"reasoningContent": {"reasoningText": {"text": ""}}})
    if "text" in delta:
        blocks[index]["text"] += delta["text"]
        return
    for name, text in delta["reasoningContent"].items():
        block = blocks[index]["reasoningContent"]["reasoningText"]
        block[name] = block.get(name, "") + text


def pieces(blocks: list[dict], stop_reason: str) -> Iterator[Event]:
    """Yield the events of whole blocks."""
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(blocks):
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", {"contentBlockIndex": index, "start": start}
            delta: dict[str, Any] = {"toolUse": {"input": json.dumps(use["input"])}}
        elif "text" in block:
            delta = {"text": block["text"]}
        else:
            text = block["reasoningContent"]["reasoningText"]
            for name in ("text", "signature"):
                if name in text:
                    part = {"reasoningContent": {name: text[name]}}
                    yield "contentBlockDelta", {"contentBlockIndex": index, "delta": part}
            yield "contentBlockStop", {"contentBlockIndex": index}
            continue
        yield "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": stop_reason}
