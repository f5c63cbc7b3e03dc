"""Limits reserved concurrency by the account's quota of concurrent executions.

AWS keeps a hundred executions unreserved, or the whole quota where that is less: a young account has ten, and can
reserve none. ministack has no limit.
"""

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from gatehouse_cloud import patching

DEFAULT_QUOTA = 1000
LEAST_UNRESERVED = 100


class Quota:
    """The account's quota of concurrent executions."""

    def __init__(self):
        self.executions = DEFAULT_QUOTA

    def set(self, executions: int) -> None:
        """Change it, also for throttling."""
        self.executions = executions
        lambda_svc._ACCOUNT_CONCURRENCY_CAP = executions

    def refusal(self, function: str, wanted: int) -> str | None:
        """Return AWS's reason not to reserve so many for a function, or None."""
        others = sum(
            lambda_svc._functions[name].get("concurrency") or 0 for name in lambda_svc._functions if name != function
        )
        least = min(LEAST_UNRESERVED, self.executions)
        if wanted == 0 or self.executions - others - wanted >= least:
            return None
        return (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{least}]."
        )


def install(quota: Quota) -> None:
    def put(original, func_name, data):
        refusal = quota.refusal(func_name, data.get("ReservedConcurrentExecutions", 0))
        if refusal and func_name in lambda_svc._functions:
            return error_response_json("InvalidParameterValueException", refusal, 400)
        return original(func_name, data)

    patching.extend(lambda_svc, "_put_function_concurrency", put)
