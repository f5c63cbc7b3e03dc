"""Checks the requests of Converse and ConverseStream as Bedrock does: shape first, then what the model accepts.

ministack accepts nearly anything, so that a request that AWS refuses would first fail there.
"""

import json
from dataclasses import dataclass
from urllib.parse import unquote

from gatehouse_cloud.fidelity.bedrock import (
    caching,
    inference,
    media,
    models,
    reasoning,
    schemas,
    shapes,
    tool_rules,
    turns,
)
from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, malformed

OPERATIONS = {False: "Converse", True: "ConverseStream"}


@dataclass(frozen=True)
class Conversation:
    """A request that the model accepts."""

    model: str
    family: Family
    body: dict


def parse(identifier: str, content: bytes | None, streamed: bool) -> Conversation:
    """Return the conversation of a request; raise Refused as Bedrock would refuse it."""
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise Refused("The request body is not valid JSON.", "SerializationException") from None
    if not isinstance(body, dict):
        raise Refused("START_ARRAY cannot be converted to a structure", "SerializationException")
    shapes.check("bedrock-runtime", OPERATIONS[streamed], body)
    family = models.for_conversation(identifier)
    body = _without_nulls(body)
    body.setdefault("messages", [])
    turns.check(body["messages"], family)
    _system(body.get("system"), family)
    tool_rules.check(body, family, streamed)
    media.check(body["messages"], family)
    schemas.check_output(body.get("outputConfig"), family)
    inference.check(body, family)
    reasoning.check(body, family)
    caching.check(body, family)
    return Conversation(models.resolve(identifier).name, family, body)


def problem(path: str, content: bytes | None) -> tuple | None:
    """Return the response that refuses a request to one of the paths of Converse; None if there is nothing to refuse."""
    for streamed, ending in ((False, "/converse"), (True, "/converse-stream")):
        if path.startswith("/model/") and path.endswith(ending):
            try:
                parse(unquote(path.removeprefix("/model/").removesuffix(ending)), content, streamed)
            except Refused as refusal:
                return refusal.response
    return None


def _without_nulls(body: dict) -> dict:
    return {name: member for name, member in body.items() if member is not None}


def _system(blocks: list[dict] | None, family: Family) -> None:
    if blocks is None:
        return
    if not family.system:
        raise Refused(
            "This model doesn't support system messages. "
            "Try again without a system message or use a model that supports system messages."
        )
    # https://github.com/BerriAI/litellm/pull/29565
    if family.nova and not blocks:
        raise malformed("#/system: expected minimum item count: 1, found: 0")
    for number, block in enumerate(blocks):
        if "text" in block and turns.is_blank(block["text"]):
            raise Refused(
                f"The text field in the SystemContentBlock object at system.{number} is blank. "
                "Add text to the text field, and try again."
            )
