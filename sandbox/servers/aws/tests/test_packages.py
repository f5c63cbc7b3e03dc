"""Deployment packages: the mode of the bootstrap decides whether a function starts."""

import io
import json
import zipfile

from .harness import BOOTSTRAP, CloudTest, wait_for

ANSWERS = "def handle(event): return 'started'"


class PackageTest(CloudTest):
    def started(self, name: str, mode: int) -> dict:
        """Return the response of a function whose bootstrap has this mode in the package, 0 for none."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = mode << 16
            archive.writestr(bootstrap, BOOTSTRAP)
            archive.writestr("handler.py", ANSWERS)
        functions = self.cloud.client("lambda")
        functions.create_function(
            FunctionName=name,
            Role=self.cloud.role(name),
            Runtime="provided.al2023",
            Handler="bootstrap",
            Code={"ZipFile": package.getvalue()},
        )
        wait_for(lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active")
        return json.loads(functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read())

    def test_a_bootstrap_must_be_executable_in_the_package(self):
        self.assertEqual(self.started("executable", 0o755), "started")
        for name, mode in (("readable", 0o644), ("modeless", 0)):
            self.assertEqual(self.started(name, mode)["errorType"], "Runtime.InvalidEntrypoint", name)
