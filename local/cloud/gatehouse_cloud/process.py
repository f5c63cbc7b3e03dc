"""Ends with everything it started, however it ends.

ministack runs functions and Node workers as child processes, from threads that come and go, so the kernel's
parent-death signal (which follows the thread) does not fit. Instead the launcher stays behind as a supervisor, the
cloud runs as its child in a process group of its own, and each of the two ends the whole group when the other dies:
the supervisor by waiting for its child, the cloud by a pipe that only the supervisor holds open.
"""

import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 3.0


def port_problem(ports: dict[str, int]) -> str | None:
    """Why these ports (by option) cannot be used, or None."""
    for option, port in ports.items():
        if list(ports.values()).count(port) > 1:
            return f"port {port} is given twice; choose another with {option}"
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except (OSError, OverflowError) as error:
                return f"cannot listen on {LOOPBACK}:{port} ({error}); end what uses it or choose another port with {option}"
    return None


def supervise(cloud: Callable[[str], int]) -> int:
    """Run cloud(scratch folder) in a child process group and return its exit code."""
    scratch = tempfile.mkdtemp(prefix="gatehouse-cloud-")
    watched, held = os.pipe()
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    # Blocked until the supervisor can pass them on, so that none is lost while the child starts.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(held)
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        threading.Thread(target=_end_with_supervisor, args=(watched, scratch), daemon=True).start()
        code = 1
        try:
            code = cloud(scratch)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # Not sys.exit: worker threads blocked in a call would hold the interpreter up.
            os._exit(code)

    os.close(watched)
    stopping = threading.Event()

    def stop(_number, _frame) -> None:
        if not stopping.is_set():
            stopping.set()
            _signal(child, signal.SIGTERM)
            threading.Thread(target=_end_after_grace, args=(child,), daemon=True).start()

    for number in signals:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    _, status = os.waitpid(child, 0)
    _signal(-child, signal.SIGKILL)
    shutil.rmtree(scratch, ignore_errors=True)
    return 0 if stopping.is_set() else os.waitstatus_to_exitcode(status) or 0


def _end_with_supervisor(watched: int, scratch: str) -> None:
    os.read(watched, 1)  # returns only at end of file: nothing is ever written
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _end_after_grace(child: int) -> None:
    time.sleep(GRACE_SECONDS)
    _signal(-child, signal.SIGKILL)


def _signal(target: int, number: int) -> None:
    try:
        os.kill(target, number)
    except (ProcessLookupError, PermissionError):
        pass  # gone already (macOS answers EPERM for a group of zombies)
