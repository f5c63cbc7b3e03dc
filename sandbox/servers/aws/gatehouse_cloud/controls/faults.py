"""Injects faults: AWS calls that fail, that take effect although their response is an error, or that take long.

The real services throttle, time out and lose responses; the emulator never does, and the product must cope with it.
"""

import asyncio
import random
import time
from collections import deque
from dataclasses import asdict, dataclass, fields

from ministack import app
from ministack.core import iam_actions, router

from gatehouse_cloud import patching
from gatehouse_cloud.controls.calls import principal_of

MODES = ("error-before", "error-after", "delay")
KEPT = 10_000


class Malformed(Exception):
    """The description of a fault is not valid."""


@dataclass
class Fault:
    """Which calls fail, how often and how."""

    service: str
    mode: str
    action: str = "*"
    principal: str = ""  # part of the caller's ARN, such as a role's name; empty means all callers
    probability: float | None = None
    times: int | None = None
    seconds: float = 0
    status: int = 500
    code: str = "InternalFailure"
    fired: int = 0

    @classmethod
    def parse(cls, given) -> "Fault":
        """Return the fault that a control request describes."""
        known = [field.name for field in fields(cls) if field.name != "fired"]
        if not isinstance(given, dict) or set(given) - set(known):
            raise Malformed(f"a fault is an object with some of {', '.join(known)}")
        if not given.get("service") or given.get("mode") not in MODES:
            raise Malformed(f"a fault requires a service and a mode out of {', '.join(MODES)}")
        if ("probability" in given) == ("times" in given):
            raise Malformed("a fault requires either probability (0 to 1) or times (how often)")
        try:
            fault = cls(**given)
            if fault.probability is not None and not 0 <= fault.probability <= 1:
                raise Malformed(f"probability is {fault.probability!r}; it must be between 0 and 1")
            if fault.mode == "delay" and fault.seconds <= 0:
                raise Malformed("a delay requires seconds above 0")
            if fault.times is not None:
                int(fault.times)
        except (TypeError, ValueError) as problem:
            raise Malformed(str(problem)) from problem
        return fault

    def strikes(self, service: str, action: str, principal: str) -> bool:
        """Report whether it hits this call, and count it if so."""
        if service != self.service or self.action not in ("*", action) or self.principal not in principal:
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        if self.probability is not None and random.random() >= self.probability:
            return False
        self.fired += 1
        return True


class Faults:
    """The faults in force and what they hit."""

    def __init__(self):
        self._faults: list[Fault] = []
        self._fired: deque[dict] = deque(maxlen=KEPT)

    def replace(self, given) -> None:
        """Replace the present faults by others; an empty list ends them."""
        if not isinstance(given, list):
            raise Malformed("give a list of faults; an empty one ends them")
        self._faults = [Fault.parse(fault) for fault in given]
        self._fired.clear()

    def describe(self) -> dict:
        """The faults, how often each fired, and the calls hit."""
        return {"faults": [asdict(fault) for fault in self._faults], "fired": list(self._fired)}

    def hitting(self, service: str, action: str, principal: str) -> list[Fault]:
        """The faults that hit this call."""
        hits = [fault for fault in self._faults if fault.strikes(service, action, principal)]
        for fault in hits:
            self._fired.append(
                {
                    "time": round(time.time(), 3),
                    "service": service,
                    "action": action,
                    "principal": principal,
                    "mode": fault.mode,
                }
            )
        return hits


def install(faults: Faults) -> None:
    async def dispatch(original, method, path, headers, body, query_params, request_id):
        if not faults._faults:
            return await original(method, path, headers, body, query_params, request_id)
        service, action = _operation(method, path, headers, body, query_params)
        principal = principal_of(router.extract_access_key_id(headers, query_params)) or ""
        lost = None
        for fault in faults.hitting(service, action, principal):
            if fault.mode == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.mode == "error-before":
                return _error(fault, service, action, headers, request_id)
            else:
                lost = fault
        response = await original(method, path, headers, body, query_params, request_id)
        return _error(lost, service, action, headers, request_id) if lost else response

    patching.extend(app, "_dispatch_service_request", dispatch)


def _operation(method, path, headers, body, query_params) -> tuple[str, str]:
    params = app._routing_params(method, path, headers, body, query_params)
    service = router.detect_service(method, path, headers, params)
    # IAM's actions for API Gateway are HTTP verbs.
    name = (
        iam_actions._match_rest_action(service, method, path, params)
        if service == "apigateway"
        else iam_actions.extract_iam_action(service, method, path, headers, body, params)
    )
    return service, (name or "").rpartition(":")[2]


def _error(fault: Fault, service: str, action: str, headers: dict, request_id: str) -> tuple:
    _, answer_headers, body = iam_actions.access_denied_response(
        service, action, "", request_id, error_code=fault.code, message="Injected by the sandbox.", headers=headers
    )
    app.fix_error_content_type(service, fault.status, answer_headers)
    return fault.status, {**answer_headers, "x-amzn-requestid": request_id}, body
