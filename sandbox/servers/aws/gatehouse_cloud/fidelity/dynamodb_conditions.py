"""Refuses arithmetic in DynamoDB's condition expressions, which is for update expressions only.

ministack evaluates the part of a condition before an arithmetic operator and ignores the rest, so that a condition such
as "used + :n <= allowed" holds although DynamoDB refuses it.
"""

import re

from ministack.services import dynamodb

from gatehouse_cloud import patching

TOKEN = re.compile(r"[:#]?\w+|<>|<=|>=|\S", re.ASCII)
KNOWN = re.compile(r"[:#]?\w+|<>|<=|>=|[<>=(),.\[\]]", re.ASCII)


def install() -> None:
    patching.extend(dynamodb, "_evaluate_condition", _evaluate)


def _evaluate(original, expr, item, attr_values, attr_names, slot="ConditionExpression"):
    if problem := syntax_problem(expr or ""):
        raise ValueError(f"Invalid {slot}: {problem}")
    return original(expr, item, attr_values, attr_names, slot)


def syntax_problem(expression: str) -> str | None:
    """Return DynamoDB's message for the first token that no condition has, or None."""
    tokens = TOKEN.findall(expression)
    for at, token in enumerate(tokens):
        if not KNOWN.fullmatch(token):
            near = " ".join(tokens[max(0, at - 1) : at + 2])
            return f'Syntax error; token: "{token}", near: "{near}"'
    return None
