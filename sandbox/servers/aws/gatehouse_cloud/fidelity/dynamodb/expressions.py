"""Refuses a request whose expressions DynamoDB refuses, before anything else is decided.

ministack reads an update only after its condition, so that a condition which fails hides an update that is refused. It
takes a name or a value for used if a longer one begins with it, and looks for undefined ones only if they begin with a
letter (":0" is one, too).
"""

import re

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax

DEFINITIONS = {
    "ExpressionAttributeNames": re.compile("#[0-9a-zA-Z_]+"),
    "ExpressionAttributeValues": re.compile(":[0-9a-zA-Z_]+"),
}
RULES = {
    "UpdateExpression": (syntax.update, checks.update),
    "ProjectionExpression": (syntax.projection, checks.projection),
}
OF_CONDITIONS = (syntax.condition, checks.condition)


def install() -> None:
    patching.extend(dynamodb, "_validate_expression_attrs", _check)


def _check(original, data, expression_fields, size_wording="figure"):
    too_long = dynamodb._expression_size_error(data, expression_fields, size_wording)
    if too_long:
        return too_long
    problem = _problem(data, [field for field in expression_fields if data.get(field)])
    if problem:
        return error_response_json("ValidationException", problem, 400)
    return original(data, expression_fields, size_wording)


def _problem(data: dict, fields: list[str]) -> str | None:
    """Return DynamoDB's message for the first thing that is wrong."""
    for kind, pattern in DEFINITIONS.items():
        for key in data.get(kind) or {}:
            if not pattern.fullmatch(key):
                return f'{kind} contains invalid key: Syntax error; key: "{key}"'
    scope = checks.Scope(data.get("ExpressionAttributeNames"), data.get("ExpressionAttributeValues"))
    for field in fields:
        if not data[field].strip():
            return f"Invalid {field}: The expression can not be empty;"
        parse, check = RULES.get(field, OF_CONDITIONS)
        try:
            check(parse(data[field]), scope)
        except syntax.Refused as problem:
            return f"Invalid {field}: {problem}"
    for kind in DEFINITIONS if fields else ():
        if unused := [key for key in data.get(kind) or {} if key not in scope.used]:
            return f"Value provided in {kind} unused in expressions: keys: {{{', '.join(unused)}}}"
    return None
