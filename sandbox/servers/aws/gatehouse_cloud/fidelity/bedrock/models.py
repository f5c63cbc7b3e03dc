"""Finds the foundation model that a request names by an id, an inference profile or an ARN."""

from dataclasses import dataclass

from ministack.services import bedrock, bedrock_runtime

from gatehouse_cloud.fidelity.bedrock import families
from gatehouse_cloud.fidelity.bedrock.refusals import Refused
from gatehouse_cloud.fidelity.iam import access

UNKNOWN = "The provided model identifier is invalid."


@dataclass(frozen=True)
class Model:
    """A foundation model, and whether the request names it by an inference profile."""

    name: str
    by_profile: bool


def resolve(identifier: str) -> Model:
    """Return the model of an identifier."""
    problem = bedrock_runtime._normalize_model_id(identifier)[2]
    if problem:
        raise Refused(UNKNOWN)
    kind, name = "", identifier
    if identifier.startswith("arn:"):
        kind, _, name = identifier.split(":", 5)[5].partition("/")
    if kind == "application-inference-profile":
        profile = bedrock._inference_profiles_apps.get(name)
        if profile is None:
            raise Refused(UNKNOWN)
        return Model(profile["Models"][0]["ModelArn"].rpartition("/")[2], True)
    if access.PROFILE.match(name):
        return Model(name.partition(".")[2], True)
    if kind in ("", "foundation-model"):
        return Model(name, False)
    raise Refused(UNKNOWN)


def for_conversation(identifier: str) -> families.Family:
    """Return the family of the model of an identifier, if it takes conversations."""
    model = resolve(identifier)
    family = families.of(model.name)
    if family is None:
        if "embed" in model.name:
            raise Refused(
                "This action doesn't support the model that you provided. Try again with a supported text or chat model."
            )
        raise Refused(UNKNOWN)
    require_profile(model, family.on_demand)
    return family


def require_profile(model: Model, on_demand: bool) -> None:
    """Refuse a model without a profile, if it has no other way."""
    if not on_demand and not model.by_profile:
        raise Refused(
            f"Invocation of model ID {model.name} with on-demand throughput isn’t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
