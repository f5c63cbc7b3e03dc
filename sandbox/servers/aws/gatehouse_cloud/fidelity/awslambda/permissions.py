"""A permission of a function that is added twice.

An answer that gets lost makes the SDK send AddPermission again. The Terraform provider takes the refusal of the second,
identical one for a passing conflict and repeats it for five minutes. Here the second gets the answer that the first had;
one that differs is refused as before.
"""

from ministack.services import lambda_svc

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(lambda_svc, "_add_permission", _add_permission)


def _add_permission(original, func_name, data, query_params=None, path_qualifier=None):
    statements = lambda_svc._functions[func_name]["policy"]["Statement"] if func_name in lambda_svc._functions else []
    before = list(statements)
    status, headers, body = original(func_name, data, query_params, path_qualifier)
    if status != 409:
        return status, headers, body
    # What the original makes of the same request when the name is free tells whether it is the same.
    there = next(statement for statement in before if statement.get("Sid") == data.get("StatementId"))
    statements.remove(there)
    again = original(func_name, data, query_params, path_qualifier)
    made = statements.pop()
    statements.append(there)
    return again if made == there else (status, headers, body)
