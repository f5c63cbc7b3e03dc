"""Runs the cloud so that every process it started ends with it, however it ends.

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
import traceback
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def port_problem(ports: dict[str, int]) -> str | None:
    """Return why these ports (by option) cannot be used, or None."""
    for option, port in ports.items():
        if list(ports.values()).count(port) > 1:
            return f"port {port} is given twice; choose another one with {option}"
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except (OSError, OverflowError) as error:
                return f"cannot listen on {LOOPBACK}:{port} ({error}); end the process that uses it or choose another port with {option}"
    return None


def supervise(cloud: Callable[[str], int]) -> int:
    """Run cloud(scratch folder) in a child process group and return its exit code, 0 if told to stop."""
    scratch = tempfile.mkdtemp(prefix="gatehouse-cloud-")
    watched, held = os.pipe()
    # Blocked until the supervisor can act on them, so that none is lost while the child starts.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(held)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        threading.Thread(target=_end_with_supervisor, args=(watched, scratch), daemon=True).start()
        _run_and_leave(cloud, scratch)

    os.close(watched)
    stopped = threading.Event()

    def stop(_number, _frame) -> None:
        stopped.set()
        _kill_group(child)  # everything is in memory, so there is nothing to save

    for number in STOPPING:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _kill_group(child)
    shutil.rmtree(scratch, ignore_errors=True)
    if stopped.is_set():
        return 0
    if code < 0:
        print(f"cloud: ended by {signal.Signals(-code).name}", file=sys.stderr)
    return abs(code)


def _run_and_leave(cloud: Callable[[str], int], scratch: str) -> None:
    code = 1
    try:
        code = cloud(scratch)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: worker threads blocked in a call would hold the interpreter up.
        os._exit(code)


def _end_with_supervisor(watched: int, scratch: str) -> None:
    os.read(watched, 1)  # returns only at end of file: nothing is ever written
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # gone already (macOS answers EPERM for a group of zombies), or not a group yet and killed just below
    try:
        os.kill(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass
