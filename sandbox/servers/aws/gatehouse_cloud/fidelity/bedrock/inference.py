"""Checks the parameters of an inference, and the fields that only a family has."""

from gatehouse_cloud.fidelity.bedrock import turns
from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, malformed, unsupported

# Above this, a model that has no sampling parameters takes top_p for not set.
LEAST_IGNORED_TOP_P = 0.99


def check(body: dict, family: Family) -> None:
    """Refuse parameters that Bedrock or the family's models don't accept."""
    config = body.get("inferenceConfig") or {}
    most = config.get("maxTokens")
    if most is not None and most > family.max_tokens:
        raise Refused(
            f"The maximum tokens you requested exceeds the model limit of {family.max_tokens}. "
            f"Try again with a maximum tokens value that is lower than {family.max_tokens}."
        )
    _sampling(config, family)
    _stop_sequences(config.get("stopSequences") or [], family)
    _fields(body.get("additionalModelRequestFields"), body, family)


def _sampling(config: dict, family: Family) -> None:
    temperature, top_p = config.get("temperature"), config.get("topP")
    if not family.sampling:
        if temperature not in (None, 1):
            raise by_model("`temperature` is deprecated for this model.")
        if top_p is not None and top_p < LEAST_IGNORED_TOP_P:
            raise by_model("`top_p` is deprecated for this model.")
    if temperature is not None and top_p is not None and not family.temperature_with_top_p:
        raise by_model("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")


def _stop_sequences(sequences: list[str], family: Family) -> None:
    if sequences and not family.stop_sequences:
        raise unsupported("stopSequences")
    if not family.blank_stop_sequences and any(turns.is_blank(sequence) for sequence in sequences):
        raise by_model("stop_sequences: each stop sequence must contain non-whitespace")


def _fields(fields: object, body: dict, family: Family) -> None:
    if fields is None:
        return
    if not isinstance(fields, dict):
        raise Refused(
            "The format of the additionalModelRequestFields field is invalid. Provide a json object for the field."
        )
    # https://github.com/BerriAI/litellm/pull/29565
    if family.nova and not fields:
        raise malformed("#: additionalModelRequestFields is empty")
    for name in fields.keys() - family.fields:
        if family.claude:
            raise by_model(f"{name}: Extra inputs are not permitted")
        raise (
            malformed("the provided reasoning config value is invalid")
            if name == "reasoningConfig"
            else malformed(f"#: extraneous key [{name}] is not permitted")
        )
    if family.nova:
        _nova(fields.get("inferenceConfig"))
    if "tool_choice" in fields:
        _tool_choice(fields["tool_choice"], body.get("toolConfig"))
    if "top_k" in fields:
        _top_k(fields["top_k"], family)
    effort = fields.get("reasoning_effort")
    if effort is not None and effort not in family.efforts:
        raise malformed(f"#/reasoning_effort: {effort} is not a valid enum value")


def _nova(config: object) -> None:
    if config is None:
        return
    if not isinstance(config, dict):
        raise malformed("#/inferenceConfig: expected type: JSONObject")
    for name in config.keys() - {"topK"}:
        raise malformed(f"#/inferenceConfig: extraneous key [{name}] is not permitted")
    if not isinstance(config.get("topK"), int) or not 1 <= config["topK"] <= 128:
        raise malformed("#/inferenceConfig/topK: must be an integer from 1 to 128")


def _tool_choice(value: object, config: dict | None) -> None:
    """Refuse Claude's own tool_choice, but for disable_parallel_tool_use and a type that toolConfig doesn't have.

    https://github.com/BerriAI/litellm/issues/36536
    """
    if not isinstance(value, dict):
        raise by_model("tool_choice: Input should be a valid dictionary")
    if config is None:
        raise by_model("tool_choice may only be specified while providing tools.")
    for name in value.keys() - {"type", "disable_parallel_tool_use"}:
        raise by_model(f"tool_choice.{name}: Extra inputs are not permitted")
    chosen = next(iter(config.get("toolChoice") or {}), None)
    if chosen and "type" in value:
        raise Refused(
            f"The additional field tool_choice/type conflicts with the existing field toolConfig.toolChoice.{chosen}. "
            "Remove tool_choice/type and try again."
        )
    if not chosen and value.get("type") not in ("auto", "any"):
        raise by_model("tool_choice.type: Field required")
    if not isinstance(value.get("disable_parallel_tool_use", False), bool):
        raise by_model("tool_choice.disable_parallel_tool_use: Input should be a valid boolean")


def _top_k(value: object, family: Family) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise by_model("top_k: Input should be a valid integer")
    if not family.sampling:
        raise by_model("`top_k` is deprecated for this model.")
