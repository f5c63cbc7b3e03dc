"""Translates a conversation of Converse into a request of OpenAI's chat completions."""

import json
from typing import Any

from gatehouse_cloud.fidelity.bedrock import reasoning
from gatehouse_cloud.fidelity.bedrock.conversations import Conversation

PARAMETERS = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
TYPES = {"pdf": "application/pdf", "csv": "text/csv", "html": "text/html", "txt": "text/plain", "md": "text/markdown"}


def translate(conversation: Conversation) -> dict:
    """Return the request's body, without the model."""
    body = conversation.body
    config = body.get("inferenceConfig") or {}
    request: dict[str, Any] = {"messages": _messages(body)}
    request |= {PARAMETERS[name]: value for name, value in config.items() if value is not None}
    if tools := _tools(body.get("toolConfig") or {}):
        request["tools"] = tools
    if choice := (body.get("toolConfig") or {}).get("toolChoice"):
        request["tool_choice"] = _choice(choice)
    request |= _claudes_choice((body.get("additionalModelRequestFields") or {}).get("tool_choice") or {})
    if effort := reasoning.effort(body, conversation.family):
        request["reasoning_effort"] = effort
    if text_format := (body.get("outputConfig") or {}).get("textFormat"):
        request["response_format"] = _format(text_format["structure"]["jsonSchema"])
    return request


def _messages(body: dict) -> list[dict]:
    system = "\n".join(block["text"] for block in body.get("system") or [] if "text" in block)
    found = [{"role": "system", "content": system}] if system else []
    for message in body["messages"]:
        found.extend(_user(message["content"]) if message["role"] == "user" else [_assistant(message["content"])])
    return found


def _user(blocks: list[dict]) -> list[dict]:
    results = [_result(block["toolResult"]) for block in blocks if "toolResult" in block]
    shown = [block for block in blocks if "toolResult" not in block]
    # A tool's message has text only: what else is in a result follows as the user's.
    for block in blocks:
        if "toolResult" in block:
            shown += [item for item in block["toolResult"]["content"] if "image" in item or "document" in item]
    parts = [part for block in shown if (part := _part(block))]
    if not parts:
        return results
    return [*results, {"role": "user", "content": _content(parts)}]


def _content(parts: list[dict]) -> str | list[dict]:
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _part(block: dict) -> dict | None:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "guardContent" in block and "text" in block["guardContent"]:
        return {"type": "text", "text": block["guardContent"]["text"]["text"]}
    if "image" in block:
        image = block["image"]
        return {"type": "image_url", "image_url": {"url": _data_url(f"image/{image['format']}", image["source"])}}
    if "document" in block:
        return _document(block["document"])
    return None


def _document(document: dict) -> dict:
    if "text" in document["source"]:
        return {"type": "text", "text": document["source"]["text"]}
    kind = document.get("format", "txt")
    url = _data_url(TYPES.get(kind, "application/octet-stream"), document["source"])
    return {"type": "file", "file": {"filename": f"{document['name']}.{kind}", "file_data": url}}


def _data_url(kind: str, source: dict) -> str:
    return f"data:{kind};base64,{source['bytes']}"


def _result(result: dict) -> dict:
    texts = [
        json.dumps(item["json"]) if "json" in item else item["text"]
        for item in result["content"]
        if item.keys() & {"text", "json"}
    ]
    text = "\n".join(texts)
    return {
        "role": "tool",
        "tool_call_id": result["toolUseId"],
        "content": f"Error: {text}" if result.get("status") == "error" else text,
    }


def _assistant(blocks: list[dict]) -> dict:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "\n".join(block["text"] for block in blocks if "text" in block),
    }
    calls = [_call(block["toolUse"]) for block in blocks if "toolUse" in block]
    return {**message, "tool_calls": calls} if calls else message


def _call(use: dict) -> dict:
    function = {"name": use["name"], "arguments": json.dumps(use["input"])}
    return {"id": use["toolUseId"], "type": "function", "function": function}


def _tools(config: dict) -> list[dict]:
    return [_tool(tool["toolSpec"]) for tool in config.get("tools") or [] if "toolSpec" in tool]


def _tool(specification: dict) -> dict:
    function = {"name": specification["name"], "parameters": specification["inputSchema"]["json"]}
    for name in ("description", "strict"):
        if specification.get(name) is not None:
            function[name] = specification[name]
    return {"type": "function", "function": function}


def _choice(choice: dict) -> str | dict:
    if "tool" in choice:
        return {"type": "function", "function": {"name": choice["tool"]["name"]}}
    return "required" if "any" in choice else "auto"


def _claudes_choice(choice: dict) -> dict:
    found = {"tool_choice": "required"} if choice.get("type") == "any" else {}
    return {**found, "parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else found


def _format(definition: dict) -> dict:
    schema = {"name": definition.get("name") or "answer", "schema": json.loads(definition["schema"]), "strict": True}
    if definition.get("description"):
        schema["description"] = definition["description"]
    return {"type": "json_schema", "json_schema": schema}
