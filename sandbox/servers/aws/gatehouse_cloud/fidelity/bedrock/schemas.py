"""Checks the JSON schemas with which Bedrock constrains a response: a subset of JSON Schema.

The subset: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""

import json
from typing import Any

from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, unsupported

UNSUPPORTED = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
)
NESTED_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
NESTED_MAPS = ("properties", "$defs", "definitions")


def check_output(config: dict | None, family: Family) -> None:
    """Refuse an outputConfig that the family's models don't accept."""
    if config is None:
        return
    if config.get("effort") is not None and config["effort"] not in family.efforts:
        raise unsupported("outputConfig.effort")
    if config.get("textFormat") is None:
        return
    if not family.structured:
        if family.claude:
            raise by_model("output_config.format: Extra inputs are not permitted")
        raise unsupported("outputConfig.textFormat")
    definition = config["textFormat"]["structure"]["jsonSchema"]
    try:
        schema = json.loads(definition["schema"])
    except ValueError:
        raise Refused("The value at outputConfig.textFormat.structure.jsonSchema.schema is not valid JSON.") from None
    check(schema, "output_config.format.schema")


def check(schema: Any, place: str) -> None:
    """Refuse a schema with what structured output doesn't support, at any depth."""
    if not isinstance(schema, dict):
        if isinstance(schema, bool):
            return
        raise by_model(f"{place}: Input should be a valid dictionary")
    kind = schema.get("type")
    if found := [key for key in UNSUPPORTED if key in schema]:
        raise by_model(f"{place}: For '{kind}' type, properties {', '.join(found)} are not supported")
    if schema.get("minItems", 0) not in (0, 1):
        raise by_model(f"{place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if (kind == "object" or "properties" in schema) and schema.get("additionalProperties") is not False:
        raise by_model(f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for key in NESTED_MAPS:
        for nested in (schema.get(key) or {}).values():
            check(nested, place)
    for key in NESTED_LISTS:
        for nested in schema.get(key) or []:
            check(nested, place)
    if "items" in schema:
        check(schema["items"], place)
