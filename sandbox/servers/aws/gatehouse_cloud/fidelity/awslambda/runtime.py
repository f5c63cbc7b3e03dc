"""Runs functions with a fast Runtime API, logs that belong to their invocation, and the environment of AWS.

- The Runtime API writes its responses in several small parts; with Nagle's algorithm on, each invocation waits 40 ms for the
  client's delayed acknowledgement.
- ministack waits after each invocation for lines its reader has not queued yet, 50 ms if there are none. The output
  from before the response is in the pipe by then, so here the pipe is emptied without waiting.
- A function's environment is that of AWS, not the emulator's with the function's variables added.
- A new function stays Pending for half a second, which adds up where a test makes many.
"""

import os
import queue
import select
import threading

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from gatehouse_cloud import patching

PENDING_SECONDS = 0.05
# The variables of the emulator that AWS sets too, and the endpoint of the services.
INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


class Output:
    """The output of a function, read by two: the thread that keeps the pipe empty, and the end of an invocation."""

    def __init__(self, stream, lines: queue.Queue):
        self._stream = stream
        self._lines = lines
        self._rest = b""
        self._lock = threading.Lock()
        self._ended = False

    def pump(self) -> None:
        """Read output until the function ends."""
        readable = select.poll()
        readable.register(self._stream, select.POLLIN | select.POLLHUP)
        while not self._ended:
            readable.poll()
            self.take()

    def take(self) -> None:
        """Read the output that is in the pipe, without waiting."""
        with self._lock:
            readable = select.poll()
            if not self._ended:
                readable.register(self._stream, select.POLLIN | select.POLLHUP)
            while not self._ended and readable.poll(0):
                data = os.read(self._stream.fileno(), 65536)
                *whole, self._rest = (self._rest + data).split(b"\n")
                if not data:
                    self._ended = True
                    whole = [self._rest] if self._rest else []
                    self._stream.close()
                for line in whole:
                    self._keep(line.decode("utf-8", "replace").rstrip("\r"))

    def _keep(self, line: str) -> None:
        while True:
            try:
                return self._lines.put_nowait(line)
            except queue.Full:
                self._lines.get_nowait()  # drop the oldest line; blocking would stall the function


def install(function_variables: dict[str, str]) -> None:
    """Functions also get these variables, with which they reach this cloud by the names on AWS."""

    def clean_environment(original, config, code_dir, port):
        chosen = lambda_svc._runtime_env_vars(config)
        clean = {
            name: value
            for name, value in original(config, code_dir, port).items()
            if name in chosen or name in INHERITED or os.environ.get(name) != value
        }
        return {**function_variables, **clean}

    patching.assign(lambda_svc, "_LAMBDA_STATE_TRANSITION_DELAY", PENDING_SECONDS)
    patching.extend(lambda_runtime.ProvidedWorker, "_build_handler_class", _without_nagle)
    patching.extend(lambda_runtime.ProvidedWorker, "_pump_output", _pump)
    patching.extend(
        lambda_runtime.Worker,
        "_read_stderr",
        lambda original, self: _pump(None, self, self._proc.stderr, self._stderr_queue),
    )
    # A ProvidedWorker is a Worker.
    patching.extend(lambda_runtime.Worker, "_drain_stderr_bounded", _drain)
    patching.extend(lambda_svc, "_provided_worker_env", clean_environment)


def kill(function: str) -> int:
    """End a function's execution environments, also during an invocation; return how many there were."""
    with lambda_runtime._lock:
        workers = [
            worker for pool in lambda_runtime._workers.values() for worker in pool if worker.func_name == function
        ]
    running = [process for worker in workers if (process := worker._proc) and process.poll() is None]
    for process in running:
        process.kill()
    return len(running)


def _without_nagle(original, self, generation, pending):
    handler = original(self, generation, pending)
    patching.assign(handler, "disable_nagle_algorithm", True)
    return handler


def _pump(original, self, stream, log_queue):
    self._output = Output(stream, log_queue)
    self._output.pump()


def _drain(original, self, first_line_wait=0.05, idle_confirm=0.005, hard_cap=0.25):
    output = getattr(self, "_output", None)
    if output is None:  # ended before its output was read
        return original(self, first_line_wait, idle_confirm, hard_cap)
    output.take()
    return self._drain_stderr()
