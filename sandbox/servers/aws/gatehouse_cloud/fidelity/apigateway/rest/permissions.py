"""Checks that a function may be invoked by a REST API: by its resource policy, for the API as the source.

ministack invokes any function. On AWS an invocation without a permission for its source fails with 500, and a
permission for another stage, method or path is none.
"""

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import lambda_svc

from gatehouse_cloud.fidelity.apigateway.rest.requests import Request

SERVICE = "apigateway.amazonaws.com"


def may_invoke(function: str, source_arn: str, request: Request) -> bool:
    """Report whether a function exists and its policy lets a REST API invoke it."""
    record, _, _ = lambda_svc._get_func_record_for_ref_in_scope(
        function, account_id=request.account, region=request.region
    )
    if record is None:
        return False
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function,
        region=request.region,
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": request.account},
    )
    return evaluate_resource_policy(record["policy"], context, service=SERVICE).decision == "Allow"
