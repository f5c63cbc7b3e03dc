"""Lets invocations end in the execution environments in which they began.

ministack ends every environment of a function when its code or configuration changes or it is deleted, invocations included.
On AWS these run to their end, and only new ones get an environment with what is new: an update cuts no stream.
"""

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from gatehouse_cloud import patching


def install() -> None:
    patching.wrap(lambda_runtime, "kill_workers", _unless_busy)
    patching.wrap(lambda_svc, "release_worker", _release)


def _unless_busy(proceed, workers):
    # A worker is in use from its choice for an invocation on, and its lock is held from the beginning of that to its end.
    proceed(workers=[worker for worker in workers if worker and not (worker.in_use or worker._lock.locked())])


def _release(proceed, worker):
    proceed()
    if worker is None:
        return
    with lambda_runtime._lock:
        pooled = any(worker in pool for pool in lambda_runtime._workers.values())
    if not pooled:
        lambda_runtime.kill_workers([worker])
