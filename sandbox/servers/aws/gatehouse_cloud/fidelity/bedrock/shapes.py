"""Checks a request's body against the operation's model, which the SDKs are generated from.

SDKs check little of it: what they send wrongly, AWS refuses, and ministack accepts. AWS counts the items of lists from
one here ("messages.1.member.content"), and quotes the value. How it refuses unknown members is not documented; here
the error names them.
"""

import base64
import binascii
import functools
import re
from collections.abc import Iterator
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from gatehouse_cloud.fidelity.bedrock.refusals import Refused

# Names that AWS has for the types of JSON, in errors.
TOKENS = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
NUMBERS = {"integer": "Integer", "long": "Long", "float": "Float", "double": "Double"}


@functools.cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def check(service: str, operation: str, body: Any) -> None:
    """Refuse a body that the operation's model doesn't allow."""
    problems = list(_problems(_service(service).operation_model(operation).input_shape, body, ""))
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise Refused(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, _typed(value, dict, "a structure"), path)
    elif kind == "list":
        yield from _list(shape, _typed(value, list, "a list"), path)
    elif kind == "map":
        yield from _map(shape, _typed(value, dict, "a map"), path)
    elif kind in NUMBERS:
        yield from _number(shape, value, path)
    elif kind == "boolean":
        _typed(value, bool, "Boolean")
    elif kind == "blob":
        yield from _length(shape, _decoded(_typed(value, str, "ByteBuffer")), path, "Value")
    else:
        yield from _string(shape, _typed(value, str, "String"), path)


def _typed(value: Any, wanted: type, name: str) -> Any:
    if isinstance(value, wanted):
        return value
    raise _unreadable(value, name)


def _unreadable(value: Any, name: str) -> Refused:
    found = TOKENS.get(type(value), "START_OBJECT" if isinstance(value, dict) else "START_ARRAY")
    return Refused(f"{found} cannot be converted to {name}", "SerializationException")


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused("Invalid base64-encoded value", "SerializationException") from None


def _structure(shape: Shape, value: dict, path: str) -> Iterator[str]:
    given = {name: member for name, member in value.items() if member is not None}
    members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    for name in given.keys() - members.keys():
        yield f"Unknown member '{_at(path, name)}'"
    if shape.metadata.get("union") and len(given) != 1:
        yield f"Value at '{path}' failed to satisfy constraint: Exactly one member of a union must be set"
    for name in shape.required_members:
        if name in members and name not in given:
            yield f"Value null at '{_at(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in given.items():
        if name in members:
            yield from _problems(members[name], member, _at(path, name))


def _list(shape: Shape, value: list, path: str) -> Iterator[str]:
    yield from _length(shape, value, path, "Value")
    for number, item in enumerate(value, 1):
        yield from _problems(shape.member, item, f"{path}.{number}.member")


def _map(shape: Shape, value: dict, path: str) -> Iterator[str]:
    yield from _length(shape, value, path, "Value")
    for key, item in value.items():
        yield from _problems(shape.key, key, f"{path}.key")
        yield from _problems(shape.value, item, _at(path, key))


def _number(shape: Shape, value: Any, path: str) -> Iterator[str]:
    wanted = (int, float) if shape.type_name in ("float", "double") else int
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise _unreadable(value, NUMBERS[shape.type_name])
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _constraint(f"Value '{value}'", path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _constraint(f"Value '{value}'", path, f"Member must have value less than or equal to {most}")


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    quoted = f"Value '{value}'"
    yield from _length(shape, value, path, quoted)
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not re.fullmatch(pattern, value):
        yield _constraint(quoted, path, f"Member must satisfy regular expression pattern: {pattern}")
    if allowed and value not in allowed:
        yield _constraint(quoted, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _length(shape: Shape, value: Any, path: str, quoted: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if len(value) < least:
        yield _constraint(quoted, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _constraint(quoted, path, f"Member must have length less than or equal to {most}")


def _constraint(quoted: str, path: str, constraint: str) -> str:
    return f"{quoted} at '{path}' failed to satisfy constraint: {constraint}"


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
