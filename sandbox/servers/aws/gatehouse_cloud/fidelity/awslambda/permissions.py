"""Accepts a function's permission that is added a second time.

After a lost response the SDK retries AddPermission. The Terraform provider takes the refusal of the second, identical
one for a passing conflict and retries for five minutes. Here the second gets the response of the first; one that differs
is refused, as in ministack.
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
    # The permission that the request creates when the id is free shows whether the two are the same.
    existing = next(statement for statement in before if statement.get("Sid") == data.get("StatementId"))
    statements.remove(existing)
    again = original(func_name, data, query_params, path_qualifier)
    made = statements.pop()
    statements.append(existing)
    return again if made == existing else (status, headers, body)
