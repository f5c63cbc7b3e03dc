"""Writes the logs of functions with their roles' permissions, and the metrics in them.

- ministack writes a function's log regardless of its role's permissions; here a role without logs:CreateLogStream or
  logs:PutLogEvents has no log, as on AWS.
- It creates a new stream for every invocation, which under load fills the memory; here there is one per function,
  version and day.
- Metrics that a function prints in the embedded metric format reach CloudWatch.
"""

import json
import logging
from datetime import datetime, timezone

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.iam_evaluator import EvalContext
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.monitoring import log_streams

logger = logging.getLogger("cloud.functions")


def install(calls) -> None:
    def emit(original, func, request_id, log_text, error, duration_ms, log_source=None):
        config = func.get("config") or func
        try:
            _write(calls, config, request_id, log_text, duration_ms)
            _publish_metrics(log_text)
        except Exception:
            # A log that cannot be written never fails an invocation.
            logger.exception("log of %s", config.get("FunctionName"))

    patching.extend(lambda_svc, "_emit_lambda_logs", emit)


def _write(calls, config: dict, request_id: str, text: str, duration_ms: int) -> None:
    name, version = config["FunctionName"], config.get("Version", "$LATEST")
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    # The hash of the code distinguishes deployments.
    stream = (
        f"{datetime.now(timezone.utc):%Y/%m/%d}/[{version}]{config.get('CodeSha256', '')[:12].replace('/', '-')}-{name}"
    )
    if not log_streams.has_stream(group, stream) and not _may_begin(calls, config, group, stream):
        return
    log_streams.append(
        group,
        stream,
        [
            f"START RequestId: {request_id} Version: {version}",
            *(text or "").splitlines(),
            f"END RequestId: {request_id}",
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms} ms\tBilled Duration: {duration_ms} ms\t"
            f"Memory Size: {config.get('MemorySize', 128)} MB",
        ],
    )


def _may_begin(calls, config: dict, group: str, stream: str) -> bool:
    """Report whether the role may create the stream (and its group) and write to it; create the group."""
    group_arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{group}"
    if not log_streams.has_group(group):
        if not _allowed(calls, config, "logs:CreateLogGroup", group_arn):
            return False
        log_streams.create_group(group)
    stream_arn = f"{group_arn}:log-stream:{stream}"
    return all(_allowed(calls, config, action, stream_arn) for action in ("logs:CreateLogStream", "logs:PutLogEvents"))


def _allowed(calls, config: dict, action: str, resource: str) -> bool:
    key = lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
    principal = iam_evaluator.resolve_principal(key, get_account_id())
    context = EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        principal_keys=principal.keys,
    )
    allowed = iam_evaluator.evaluate(context, principal.policies, *principal.limits).decision == "Allow"
    calls.record("logs", action, resource, principal.arn, allowed)
    return allowed


def _publish_metrics(text: str) -> None:
    for line in (text or "").splitlines():
        if '"_aws"' not in line:
            continue
        try:
            entry = json.loads(line)
            directives = entry["_aws"]["CloudWatchMetrics"]
        except (ValueError, KeyError, TypeError):
            continue  # a log line that only looks like one
        for directive in directives:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(entry[name]) for name in names if name in entry}
                for metric in directive["Metrics"]:
                    for value in _values(entry.get(metric["Name"])):
                        cloudwatch.record_metric(
                            directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), dimensions
                        )


def _values(value) -> list:
    return [] if value is None else value if isinstance(value, list) else [value]
