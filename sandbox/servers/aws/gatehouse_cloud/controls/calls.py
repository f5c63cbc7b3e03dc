"""Logs the AWS actions called: principal, resource, conditions, and whether IAM allowed them.

The log shows which permissions a role uses: a permission for other resources, or with a condition that the call doesn't
meet, is none. The conditions are the keys of requests and resources: tags, a role's boundary, the service that a role is
passed to. It holds no bodies of requests or responses.
"""

import itertools
import time
from collections import deque

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.settling import Settling

KEPT = 100_000


class Calls:
    """The newest calls, numbered from 1."""

    def __init__(self):
        self._numbers = itertools.count(1)
        self._calls: deque[dict] = deque(maxlen=KEPT)

    def since(self, number: int) -> list[dict]:
        """The calls after a number."""
        return [call for call in list(self._calls) if call["n"] > number]

    def record(
        self,
        service: str,
        action: str,
        resource: str,
        principal: str | None,
        allowed: bool,
        conditions: dict | None = None,
    ) -> None:
        """Add a call."""
        self._calls.append(
            {
                "n": next(self._numbers),
                "time": round(time.time(), 3),
                "service": service,
                "action": action,
                "resource": resource,
                "conditions": conditions or {},
                "principal": principal,
                "allowed": allowed,
            }
        )


def principal_of(access_key: str) -> str | None:
    """Return the ARN of an access key's principal, or None for an unknown key."""
    found = iam_evaluator.resolve_credential(access_key or "", get_account_id())
    return getattr(found, "principal_arn", None)


def install(calls: Calls, settling: Settling) -> None:
    def enforce(original, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        # Before the call, which may change the tags.
        conditions = _conditions(service_context, settling.actual_tags(resource_arn))
        denied = original(
            access_key_id, iam_action, service, region, resource_arn=resource_arn, service_context=service_context
        )
        calls.record(service, iam_action, resource_arn, principal_of(access_key_id), denied is None, conditions)
        return denied

    patching.extend(iam_evaluator, "enforce", enforce)


def _conditions(context: dict | None, tags: dict | None) -> dict:
    """The keys of a request's context, and the tags of its resource."""
    found = {key.lower(): value for key, value in (context or {}).items()}
    for name, value in (tags or {}).items():
        found.setdefault(f"aws:resourcetag/{name}".lower(), value)
    return found
