"""Checks reasoning: how much a request enables, and the blocks of earlier turns.

Claude recognizes its own reasoning by a signature, and refuses any other; here the signature is a MAC with a key of
this run. With thinking enabled, it requires the reasoning before the calls of tools whose results are sent.
"""

import base64
import hashlib
import hmac
import secrets

from gatehouse_cloud.fidelity.bedrock import turns
from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, malformed, unsupported

LEAST_BUDGET = 1024
LEAST_TOP_P = 0.95
DOCUMENTATION = (
    "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
    "#important-considerations-when-using-extended-thinking"
)
MEMBERS = {"enabled": {"type", "budget_tokens", "display"}, "adaptive": {"type", "display"}, "disabled": {"type"}}
_KEY = secrets.token_bytes(32)


def sign(text: str) -> str:
    """Return the signature of a model's reasoning."""
    return base64.b64encode(hmac.digest(_KEY, text.encode(), hashlib.sha256)).decode()


def effort(body: dict, family: Family) -> str:
    """Return the level of reasoning that a request enables, or an empty string for none."""
    fields = body.get("additionalModelRequestFields") or {}
    thinking = fields.get("thinking") or {}
    if thinking.get("type") == "enabled":
        budget = thinking["budget_tokens"]
        return "low" if budget <= 2048 else "medium" if budget <= 8192 else "high"
    wanted = _wanted_effort(body, fields)
    if thinking.get("type") == "adaptive":
        return wanted if wanted in ("low", "medium") else "high"
    if family.nova:
        config = fields.get("reasoningConfig") or {}
        return config.get("maxReasoningEffort", "medium") if config.get("type") == "enabled" else ""
    return fields.get("reasoning_effort", "medium") if family.always_reasons else ""


def _wanted_effort(body: dict, fields: dict) -> str | None:
    output = fields.get("output_config")
    return (body.get("outputConfig") or {}).get("effort") or (
        output.get("effort") if isinstance(output, dict) else None
    )


def check(body: dict, family: Family) -> None:
    """Refuse reasoning that the family's models don't accept."""
    fields = body.get("additionalModelRequestFields") or {}
    _blocks(body["messages"], family)
    if "thinking" in fields:
        _thinking(fields["thinking"], fields, body, family)
    if "output_config" in fields:
        _output_config(fields["output_config"], family)
    if "reasoningConfig" in fields:
        _nova(fields["reasoningConfig"], body.get("inferenceConfig") or {}, family)


def _blocks(messages: list[dict], family: Family) -> None:
    for place, block in turns.blocks(messages, "reasoningContent"):
        if not family.reasoning_back:
            raise Refused(
                "User messages cannot contain reasoning content. Please remove the reasoning content and try again."
            )
        if not family.claude:
            continue
        text = block.get("reasoningText")
        if text is None:
            raise by_model(f"{place}: Invalid `data` in `redacted_thinking` block")
        if "signature" not in text:
            raise by_model(f"{place}.thinking.signature: Field required")
        if not hmac.compare_digest(text["signature"].encode(), sign(text["text"]).encode()):
            raise by_model(f"{place}: Invalid `signature` in `thinking` block")


def _thinking(thinking: object, fields: dict, body: dict, family: Family) -> None:
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in MEMBERS:
        raise by_model("thinking: Input tag does not match any of the expected tags: 'disabled', 'enabled', 'adaptive'")
    if kind not in family.thinking:
        raise by_model(f'"thinking.type.{kind}" is not supported for this model.')
    for name in thinking.keys() - MEMBERS[kind]:
        raise by_model(f"thinking.{kind}.{name}: Extra inputs are not permitted")
    if kind == "disabled":
        return
    if kind == "enabled":
        _budget(thinking.get("budget_tokens"), body)
        _before_tools(body["messages"])
    _with_others(fields, body)


def _budget(budget: object, body: dict) -> None:
    if isinstance(budget, bool) or not isinstance(budget, int):
        raise by_model("thinking.enabled.budget_tokens: Field required")
    if budget < LEAST_BUDGET:
        raise by_model(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {LEAST_BUDGET}")
    most = (body.get("inferenceConfig") or {}).get("maxTokens")
    if most is not None and most <= budget:
        raise by_model(f"`max_tokens` must be greater than `thinking.budget_tokens`. {DOCUMENTATION}")


def _with_others(fields: dict, body: dict) -> None:
    config = body.get("inferenceConfig") or {}
    if config.get("temperature") not in (None, 1):
        raise by_model(
            f"`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. {DOCUMENTATION}"
        )
    if config.get("topP") is not None and config["topP"] < LEAST_TOP_P:
        raise by_model(
            f"`top_p` must be greater than or equal to {LEAST_TOP_P} or unset when thinking is enabled. {DOCUMENTATION}"
        )
    if "top_k" in fields:
        raise by_model(f"`top_k` must be unset when thinking is enabled. {DOCUMENTATION}")
    choice = (body.get("toolConfig") or {}).get("toolChoice") or {}
    if choice.keys() & {"any", "tool"} or (fields.get("tool_choice") or {}).get("type") == "any":
        raise by_model("Thinking may not be enabled when tool_choice forces tool use.")


def _before_tools(messages: list[dict]) -> None:
    """Require reasoning at the beginning of what the assistant has said since the user's last words, if it goes on there."""
    spoken = max(number for number, message in enumerate(messages) if _speaks(message))
    if spoken + 1 == len(messages):
        return
    found = next(iter(messages[spoken + 1]["content"][0]))
    if found == "reasoningContent":
        return
    raise by_model(
        f"messages.{spoken + 1}.content.0.type: Expected `thinking` or `redacted_thinking`, "
        f"but found `{'tool_use' if found == 'toolUse' else found}`. "
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block "
        "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). "
        "To avoid this requirement, disable `thinking`."
    )


def _speaks(message: dict) -> bool:
    return message["role"] == "user" and not any("toolResult" in block for block in message["content"])


def _output_config(config: object, family: Family) -> None:
    if not isinstance(config, dict):
        raise by_model("output_config: Input should be a valid dictionary")
    for name in config.keys() - {"effort"}:
        raise by_model(f"output_config.{name}: Extra inputs are not permitted")
    if config.get("effort") not in family.efforts:
        raise by_model(f"output_config.effort: Input should be {', '.join(sorted(family.efforts))}")


def _nova(config: object, inference: dict, family: Family) -> None:
    invalid = malformed("the provided reasoning config value is invalid")
    if not isinstance(config, dict) or config.keys() - {"type", "maxReasoningEffort"}:
        raise invalid
    if config.get("type") not in ("enabled", "disabled"):
        raise invalid
    level = config.get("maxReasoningEffort")
    if level is not None and level not in family.efforts:
        raise invalid
    if config["type"] == "disabled" and level is not None:
        raise invalid
    if config["type"] == "enabled" and level == "high":
        for name in ("maxTokens", "temperature", "topP"):
            if inference.get(name) is not None:
                raise unsupported(f"inferenceConfig.{name}")
