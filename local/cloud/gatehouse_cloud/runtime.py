"""The Lambda Runtime API and the environment of functions on provided.al2023.

- The Runtime API answers in several small writes; with Nagle's algorithm on, each invocation waits 40 ms for the
  client's delayed acknowledgement.
- ministack waits up to 50 ms for a first log line after each invocation. A line written before the response is there
  at once; one that comes later goes to the next invocation, as a function's log stream on AWS has it too.
- A function's environment is the one AWS gives it, not the emulator's own with the function's variables on top.
"""

import os

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from . import patching

FIRST_LOG_LINE_SECONDS = 0.002
# Of the emulator's own environment only what AWS sets too, and where the function finds its services.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


def install() -> None:
    patching.extend(lambda_runtime.ProvidedWorker, "_build_handler_class", _without_nagle)
    patching.extend(lambda_runtime.ProvidedWorker, "_drain_stderr_bounded", _drain_soon)
    patching.extend(lambda_svc, "_provided_worker_env", _clean_environment)


def _without_nagle(original, self, generation, pending):
    handler = original(self, generation, pending)
    patching.assign(handler, "disable_nagle_algorithm", True)
    return handler


def _drain_soon(original, self, first_line_wait=FIRST_LOG_LINE_SECONDS, idle_confirm=0.0, hard_cap=0.25):
    return original(self, first_line_wait=first_line_wait, idle_confirm=idle_confirm, hard_cap=hard_cap)


def _clean_environment(original, config, code_dir, port):
    chosen = lambda_svc._runtime_env_vars(config)
    return {
        name: value
        for name, value in original(config, code_dir, port).items()
        if name in chosen or name in INHERITED or os.environ.get(name) != value
    }
