"""Gives the files of a deployment package the modes that they have in it.

ministack makes a custom runtime's bootstrap executable, regardless of its mode in the package. Lambda takes the mode from
the package: a file without one, as in an archive that was not made on Unix, can be read but not executed, and the
function fails with Runtime.InvalidEntrypoint.
"""

import io
import os
import zipfile

from ministack.services import lambda_svc

from gatehouse_cloud import patching

BOOTSTRAP = "bootstrap"
UNKNOWN_MODE = 0o644


def install() -> None:
    patching.extend(lambda_svc, "_provided_runtime_code_dir", _with_modes)


def _with_modes(original, code_zip):
    folder = original(code_zip)
    path = os.path.join(folder, BOOTSTRAP)
    if os.path.exists(path):
        os.chmod(path, mode_of(code_zip, BOOTSTRAP))
    return folder


def mode_of(package: bytes, name: str) -> int:
    """Return the permission bits of a file in a package."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return (archive.getinfo(name).external_attr >> 16) & 0o7777 or UNKNOWN_MODE
