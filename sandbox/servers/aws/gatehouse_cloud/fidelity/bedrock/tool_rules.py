"""Checks the tools of a conversation, and the schemas of their inputs."""

import re
from typing import Any

from gatehouse_cloud.fidelity.bedrock import schemas, turns
from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, malformed, unsupported

# Users reported refusals of definitions, $defs and $id (https://github.com/zed-industries/zed/issues/31815,
# https://github.com/lastmile-ai/mcp-agent/pull/126, https://github.com/BerriAI/litellm/pull/10062), and none of these.
NOVA_KEYS = {"type", "properties", "required", "additionalProperties"}
CLAUDE_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
CLAUDE_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check(body: dict, family: Family, streamed: bool) -> None:
    """Refuse tools that Bedrock or the family's models don't accept."""
    config, messages = body.get("toolConfig"), body["messages"]
    if config is None:
        if any(True for kind in ("toolUse", "toolResult") for _ in turns.blocks(messages, kind)):
            raise Refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
        return
    if not family.tools:
        raise Refused("This model doesn't support tool use.")
    if streamed and not family.streamed_tools:
        raise Refused("This model doesn't support tool use in streaming mode.")
    specifications = [tool["toolSpec"] for tool in config["tools"] if tool.get("toolSpec") is not None]
    if any(tool.get("systemTool") is not None for tool in config["tools"]):
        raise unsupported("toolConfig.tools.systemTool")
    if not specifications:
        raise Refused("The toolConfig field must have at least one tool.")
    names = [specification["name"] for specification in specifications]
    if len(set(names)) < len(names):
        raise by_model("tools: Tool names must be unique.")
    _choice(config.get("toolChoice"), names, family)
    for number, specification in enumerate(specifications):
        _schema(number, specification, family)
    if family.claude:
        for place, use in turns.blocks(messages, "toolUse"):
            if not CLAUDE_ID.fullmatch(use["toolUseId"]):
                raise by_model(f"{place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")


def _choice(choice: dict | None, names: list[str], family: Family) -> None:
    if choice is None:
        return
    kind = next(iter(choice))
    if kind not in family.tool_choices:
        raise unsupported(f"toolConfig.toolChoice.{kind}")
    if kind == "tool" and choice["tool"]["name"] not in names:
        raise by_model(f"tool_choice: Tool '{choice['tool']['name']}' not found in provided tools")


def _schema(number: int, specification: dict, family: Family) -> None:
    path = f"toolConfig.tools.{number}.toolSpec"
    schema: Any = specification["inputSchema"].get("json")
    if not isinstance(schema, dict):
        raise Refused(
            f"The format of the value at {path}.inputSchema.json is invalid. "
            "Provide a json object for the field and try again."
        )
    if schema.get("type") != "object":
        raise Refused(f"The value at {path}.inputSchema.json.type must be one of the following: object.")
    if not isinstance(schema.get("properties", {}), dict):
        raise Refused(f"The value at {path}.inputSchema.json.properties is not of the type object.")
    if specification.get("strict") is not None and not family.structured:
        raise unsupported(f"{path}.strict")
    if specification.get("strict"):
        schemas.check(schema, f"tools.{number}.custom.input_schema")
    if family.nova and not family.efforts:
        for key in schema.keys() - NOVA_KEYS:
            pointer = f"#/toolConfig/tools/{number}/toolSpec/inputSchema/json"
            raise malformed(f"{pointer}: extraneous key [{key}] is not permitted")
    if family.claude:
        _claude_schema(number, schema)


def _claude_schema(number: int, schema: dict) -> None:
    place = f"tools.{number}.custom.input_schema"
    if schema.keys() & {"oneOf", "anyOf", "allOf"}:
        raise by_model(f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    if not all(CLAUDE_PROPERTY.fullmatch(name) for name in schema.get("properties", {})):
        raise by_model(f"{place}.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{{1,64}}$'")
