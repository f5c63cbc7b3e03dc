"""A log of the AWS actions called, by whom, on what, and whether IAM allowed them.

It shows which permissions a role really uses. It holds no request bodies and no answers.
"""

import itertools
import time
from collections import deque

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id

from . import patching

KEPT = 100_000


class Calls:
    """The newest calls, numbered from 1."""

    def __init__(self):
        self._numbers = itertools.count(1)
        self._calls: deque[dict] = deque(maxlen=KEPT)

    def since(self, number: int) -> list[dict]:
        """The calls after a number."""
        return [call for call in list(self._calls) if call["n"] > number]

    def record(self, service: str, action: str, resource: str, principal: str | None, allowed: bool) -> None:
        """Add a call."""
        self._calls.append(
            {
                "n": next(self._numbers),
                "time": round(time.time(), 3),
                "service": service,
                "action": action,
                "resource": resource,
                "principal": principal,
                "allowed": allowed,
            }
        )


def principal_of(access_key: str) -> str | None:
    """The ARN behind an access key, or None for one that nobody has."""
    found = iam_evaluator.resolve_credential(access_key or "", get_account_id())
    return getattr(found, "principal_arn", None)


def install(calls: Calls) -> None:
    def enforce(original, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        denied = original(
            access_key_id, iam_action, service, region, resource_arn=resource_arn, service_context=service_context
        )
        calls.record(service, iam_action, resource_arn, principal_of(access_key_id), denied is None)
        return denied

    patching.extend(iam_evaluator, "enforce", enforce)
