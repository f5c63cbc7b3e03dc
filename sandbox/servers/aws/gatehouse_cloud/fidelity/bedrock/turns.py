"""Checks the turns of a conversation: roles, blank text, and results of tools.

ministack accepts any order and any text. AWS's messages are those that its users reported.
"""

from collections import Counter
from collections.abc import Iterator

from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model

ONLY_IN = {
    "toolUse": "assistant",
    "reasoningContent": "assistant",
    "toolResult": "user",
    "image": "user",
    "document": "user",
}
# Shapes of the newest operation model that no family here has.
UNKNOWN_BLOCKS = ("video", "audio", "citationsContent", "searchResult", "toolAddition", "toolRemoval")


def check(messages: list[dict], family: Family) -> None:
    """Refuse turns that Bedrock or the family's models don't accept."""
    _roles(messages)
    for number, message in enumerate(messages):
        _content(message, f"messages.{number}", family)
    _tools(messages, family)
    _last(messages, family)


def blocks(messages: list[dict], kind: str) -> Iterator[tuple[str, dict]]:
    """Yield the blocks of a kind, with their place."""
    for number, message in enumerate(messages):
        for position, block in enumerate(message["content"]):
            if block.get(kind) is not None:
                yield f"messages.{number}.content.{position}", block[kind]


def is_blank(text: str) -> bool:
    """Report whether a text is nothing but white space."""
    return not text.strip()


def _roles(messages: list[dict]) -> None:
    if not messages:
        raise Refused(
            "A conversation must have at least one message. Try again with a conversation that has at least one message."
        )
    if any(message["role"] == "system" for message in messages):
        raise unknown_role()
    if messages[0]["role"] != "user":
        raise Refused(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message."
        )
    if any(one["role"] == other["role"] for one, other in zip(messages, messages[1:])):
        raise Refused(
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )


def unknown_role() -> Refused:
    """Return the refusal of a message whose role is system."""
    return Refused("This model doesn't support messages of the system role. Use the system field and try again.")


def _content(message: dict, path: str, family: Family) -> None:
    if not message["content"]:
        raise Refused(
            f"The content field in the Message object at {path} is empty. "
            "Add a ContentBlock object to the content field and try again."
        )
    for position, block in enumerate(message["content"]):
        place = f"{path}.content.{position}"
        kind = next(name for name, value in block.items() if value is not None)
        if kind in UNKNOWN_BLOCKS:
            raise Refused(f"This model doesn't support the {kind} field. Remove {kind} and try again.")
        if kind == "text" and is_blank(block["text"]):
            raise Refused(
                f"The text field in the ContentBlock object at {place} is blank. Add text to the text field, and try again."
            )
        if ONLY_IN.get(kind, message["role"]) != message["role"]:
            raise Refused(f"The {kind} block at {place} can only be in a message of the role {ONLY_IN[kind]}.")
    if all("cachePoint" in block for block in message["content"]):
        raise Refused(f"The content field in the Message object at {path} has nothing to cache.")


def _tools(messages: list[dict], family: Family) -> None:
    expected: list[str] = []
    for number, message in enumerate(messages):
        path = f"messages.{number}.content"
        results = [block["toolResult"] for block in message["content"] if block.get("toolResult") is not None]
        if message["role"] == "user":
            _results(results, expected, path)
            if results and not family.text_with_results and any(_speaks(block) for block in message["content"]):
                raise by_model(
                    f"{path}: Conversation blocks and tool result blocks cannot be provided in the same turn."
                )
            _results_content(results, path, family)
        uses = [block["toolUse"] for block in message["content"] if block.get("toolUse") is not None]
        expected = [use["toolUseId"] for use in uses]
        if duplicates := _duplicates(expected):
            raise Refused(f"The toolUse blocks at {path} contain duplicate Ids: {duplicates}")
        _uses(uses, path)
    if expected:
        raise _missing(f"messages.{len(messages)}.content", expected)


def _speaks(block: dict) -> bool:
    return any(block.get(kind) is not None for kind in ("text", "image", "document"))


def _uses(uses: list[dict], path: str) -> None:
    for use in uses:
        if not isinstance(use["input"], dict):
            raise Refused(
                f"The format of the value at {path}.toolUse.input is invalid. "
                "Provide a json object for the field and try again."
            )


def _results(results: list[dict], expected: list[str], path: str) -> None:
    given = [result["toolUseId"] for result in results]
    if duplicates := _duplicates(given):
        raise Refused(f"The toolResult blocks at {path} contain duplicate Ids: {duplicates}")
    if missing := [identity for identity in expected if identity not in given]:
        raise _missing(path, missing)
    if len(given) > len(expected):
        raise Refused(
            f"The number of toolResult blocks at {path} exceeds the number of toolUse blocks of previous turn."
        )


def _missing(path: str, identities: list[str]) -> Refused:
    return Refused(f"Expected toolResult blocks at {path} for the following Ids: {', '.join(identities)}")


def _duplicates(identities: list[str]) -> str:
    return ", ".join(identity for identity, count in Counter(identities).items() if count > 1)


def _results_content(results: list[dict], path: str, family: Family) -> None:
    for position, result in enumerate(results):
        place = f"{path}.{position}.toolResult"
        if result.get("status") is not None and not family.tool_status:
            raise Refused("This model doesn't support the status field. Remove status and try again.")
        if result.get("status") == "error" and not result["content"]:
            raise Refused(f"The content field at {place} cannot be empty when status value is error.")
        for item, block in enumerate(result["content"]):
            if block.get("json") is not None and not isinstance(block["json"], dict):
                raise Refused(
                    f"The format of the value at {place}.content.{item}.json is invalid. "
                    "Provide a json object for the field and try again."
                )
            if family.claude and is_blank(block.get("text", "x")):
                raise by_model("messages: text content blocks must be non-empty")


def _last(messages: list[dict], family: Family) -> None:
    if messages[-1]["role"] == "user":
        return
    if not family.prefill and family.claude:
        raise by_model(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if not family.prefill:
        raise Refused(
            "A conversation must end with a user message. Try again with a conversation that ends with a user message."
        )
    text = messages[-1]["content"][-1].get("text")
    if family.claude and text and text != text.rstrip():
        raise by_model("messages: final assistant content cannot end with trailing whitespace")
