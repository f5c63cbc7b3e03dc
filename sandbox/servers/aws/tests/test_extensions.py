"""The list of extensions: complete, and in the order that it states."""

import json
import re
import subprocess
import sys
import tempfile
import unittest
from itertools import combinations
from pathlib import Path

from .harness import LAUNCHER

PACKAGE = LAUNCHER.parent / "gatehouse_cloud"
# Installs the extensions in a process of its own, and prints them with what each of them replaces.
SCRIPT = """
import json, sys
from gatehouse_cloud import environment
environment.enter(4566, sys.argv[1])
from gatehouse_cloud import extensions, patching, state
from gatehouse_cloud.fidelity.cloudfront.deployments import Fleet
from gatehouse_cloud.fidelity.cloudfront.edge import Viewers
from gatehouse_cloud.fidelity.cloudfront.origin_connections import Connections

replaced = []

def noting(change):
    def noted(owner, name, value):
        replaced.append(f"{id(owner)} {name}")
        change(owner, name, value)
    return noted

# extend_entry calls extend, with an owner that exists only for that call.
extend, extend_entry = patching.extend, noting(patching.extend_entry)
def entry(*arguments):
    patching.extend = extend
    extend_entry(*arguments)
    patching.extend = noting(extend)
patching.extend, patching.extend_entry = noting(extend), entry
patching.wrap, patching.assign = noting(patching.wrap), noting(patching.assign)

run = state.State(Fleet(4, 0), Viewers("US"), Connections(0, ""), {}, "http://127.0.0.1:1")
found = []
for extension in extensions.EXTENSIONS:
    replaced.clear()
    extension.install(run)
    name, after = extension.module.__name__, [module.__name__ for module in extension.after]
    found.append({"name": name, "after": after, "replaced": list(replaced)})
print(json.dumps(found))
"""


class ExtensionsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as scratch:
            ended = subprocess.run(
                [sys.executable, "-c", SCRIPT, scratch], cwd=LAUNCHER.parent, capture_output=True, text=True
            )
        if ended.returncode:
            raise AssertionError(ended.stderr)
        cls.extensions = json.loads(ended.stdout.splitlines()[-1])
        cls.names = [extension["name"] for extension in cls.extensions]

    def test_every_module_with_an_install_is_listed_once(self):
        found = [_name(path) for path in PACKAGE.rglob("*.py") if re.search(r"^def install\(", path.read_text(), re.M)]
        self.assertCountEqual(self.names, [name for name in found if name != "gatehouse_cloud.extensions"])

    def test_an_extension_comes_after_those_it_names(self):
        for position, extension in enumerate(self.extensions):
            for name in extension["after"]:
                self.assertIn(name, self.names[:position], f"of {extension['name']}")

    def test_extensions_that_replace_the_same_function_state_their_order(self):
        before: dict[str, set[str]] = {}
        for extension in self.extensions:
            direct = set(extension["after"])
            before[extension["name"]] = direct.union(*(before[name] for name in direct))
        for first, second in combinations(self.extensions, 2):
            if shared := set(first["replaced"]) & set(second["replaced"]):
                functions = [target.partition(" ")[2] for target in shared]
                self.assertIn(first["name"], before[second["name"]], f"{second['name']} also replaces {functions}")

    def test_fidelity_does_not_depend_on_controls(self):
        for path in (PACKAGE / "fidelity").rglob("*.py"):
            self.assertNotIn("gatehouse_cloud.controls", path.read_text(), path)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
