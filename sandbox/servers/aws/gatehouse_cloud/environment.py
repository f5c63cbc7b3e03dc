"""Sets the environment variables that ministack and its functions see.

Variables of the caller's shell (credentials, proxies, profiles, a Docker host) must neither change the emulator's
responses nor reach the functions it starts. Only those that find and run programs are inherited.
"""

import os
import tempfile

INHERITED = ("PATH", "LANG", "LC_ALL", "TZ")
REGION = "us-east-1"


def enter(port: int, scratch: str) -> None:
    """Replace this process's environment; ministack reads it while it is imported."""
    tempfile.tempdir = scratch
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(
        AUTH="true",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_REGION=REGION,
        AWS_DEFAULT_REGION=REGION,
        # Functions call this instance; without it their SDK would dial AWS itself.
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # Names no socket: ministack would otherwise search the machine's containers for leftovers of its own.
        DOCKER_HOST=f"unix://{scratch}/no-docker.sock",
        S3_DATA_DIR=os.path.join(scratch, "s3"),
        TMPDIR=scratch,
    )
