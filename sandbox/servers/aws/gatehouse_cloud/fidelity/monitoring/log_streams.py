"""Writes to CloudWatch Logs from inside this process, in bounded memory."""

import time

from ministack.services import cloudwatch_logs

KEPT_PER_STREAM = 10_000


def has_group(group: str) -> bool:
    """Report whether the log group exists."""
    return group in cloudwatch_logs._log_groups


def has_stream(group: str, stream: str) -> bool:
    """Report whether the log group has such a stream."""
    return has_group(group) and stream in cloudwatch_logs._log_groups[group]["streams"]


def create_group(group: str) -> None:
    """Create a log group without retention, as a write to a missing one does on AWS."""
    cloudwatch_logs._create_log_group({"logGroupName": group})


def append(group: str, stream: str, lines: list[str]) -> None:
    """Add lines to a stream of an existing group, create the stream if it is missing, and drop its oldest lines."""
    if not has_stream(group, stream):
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line, "ingestionTime": now} for line in lines]
    record = cloudwatch_logs._log_groups[group]["streams"][stream]
    cloudwatch_logs._append_log_events(record, events)
    del record["events"][:-KEPT_PER_STREAM]
    cloudwatch_logs._fanout_to_subscription_filters(group, stream, events)
