import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

from .harness import LAUNCHER, Launcher, free_ports, wait_for

SLEEPER = "import time\ndef handle(event): time.sleep(60)"


def launch(*options: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(LAUNCHER), *options], capture_output=True, text=True, timeout=15)


def processes_in(group: int) -> list[int]:
    found = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True).stdout
    listed = [line.split() for line in found.splitlines()]
    return [int(pid) for pid, pgid, state in listed if int(pgid) == group and not state.startswith("Z")]


def children_of(parent: int) -> list[int]:
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    return [int(pid) for pid, ppid in (line.split() for line in found.splitlines()) if int(ppid) == parent]


class StartTest(unittest.TestCase):
    def test_a_taken_port_is_named_with_its_option(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            first, second = free_ports(2)
            ended = launch("--port", str(first), "--distribution-port", str(second), "--api-port", str(port))
        self.assertEqual(ended.returncode, 1)
        self.assertIn(f"127.0.0.1:{port}", ended.stderr)
        self.assertIn("--api-port", ended.stderr)

    def test_a_port_given_twice_is_refused(self):
        ended = launch("--port", "45660", "--api-port", "45660")
        self.assertEqual((ended.returncode, "given twice" in ended.stderr), (1, True))

    def test_invalid_options_are_refused(self):
        for options in (["--edges", "0"], ["--deploy-seconds", "-1"]):
            self.assertEqual(launch(*options).returncode, 2, options)


class EndTest(unittest.TestCase):
    """However it ends, it leaves no process, also not that of a running function, and no file."""

    def setUp(self):
        self.cloud = Launcher()
        self.addCleanup(self.cloud.stop)
        self.child = wait_for(lambda: children_of(self.cloud.process.pid))[0]
        self.cloud.function("sleeper", SLEEPER, self.cloud.role("sleeper"))
        threading.Thread(target=self._invoke, daemon=True).start()
        # The cloud itself and the function's process.
        wait_for(lambda: len(processes_in(self.child)) == 2)

    def _invoke(self):
        try:
            self.cloud.invoke("sleeper")
        except Exception:
            pass  # the cloud ends meanwhile

    def gone(self):
        wait_for(lambda: not processes_in(self.child), 3)
        wait_for(lambda: not os.listdir(self.cloud.temporary.name), 3)

    def test_signals(self):
        self.cloud.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.cloud.process.wait(3), 0)
        self.gone()

    def test_a_killed_launcher(self):
        self.cloud.process.kill()
        self.gone()

    @unittest.skipUnless(sys.platform == "linux", "only Linux ends a child with its parent")
    def test_killed_tests(self):
        tests = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from tests.harness import Launcher; print(Launcher().process.pid, flush=True); input()",
            ],
            cwd=LAUNCHER.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        launcher = int(tests.stdout.readline())
        cloud = wait_for(lambda: children_of(launcher))[0]
        tests.kill()
        tests.communicate()
        wait_for(lambda: not processes_in(cloud), 3)

    def test_a_killed_cloud(self):
        os.kill(self.child, signal.SIGKILL)
        self.assertEqual(self.cloud.process.wait(3), signal.SIGKILL)
        self.assertIn("ended by SIGKILL", self.cloud.output())
        self.gone()
