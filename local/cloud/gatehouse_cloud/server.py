"""Puts the extensions into ministack and serves its three ports from one process."""

import asyncio
import logging
import resource
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app

from . import (
    absent,
    access,
    alarms,
    authorizers,
    calls,
    controls,
    deployments,
    endpoints,
    errors,
    faults,
    function_logs,
    patching,
    quiet,
    runtime,
    schedules,
    stages,
    viewers,
)
from .process import LOOPBACK

# A server that closes a kept-alive connection races with the client's next request on it, which would look like a
# failed request of the product.
KEEP_ALIVE_SECONDS = 3600
KEEP_ALIVE_REQUESTS = 10**9


def run(options) -> int:
    """Serve until told to stop."""
    fleet = deployments.Fleet(options.edges, options.deploy_seconds)
    injected, called = faults.Faults(), calls.Calls()
    try:
        quiet.install()
        runtime.install()
        endpoints.install()
        deployments.install(fleet)
        errors.install()
        absent.install()
        alarms.install()
        access.install()
        calls.install(called)
        faults.install(injected)
        authorizers.install()
        schedules.install()
        function_logs.install(called)
        stages.install()
    except patching.Incompatible as problem:
        print(f"cloud: {problem}", file=sys.stderr)
        return 1
    _raise_file_limit()
    asyncio.run(_serve(options, _application(options, controls.Controls(fleet, injected, called))))
    return 0


def _application(options, control: controls.Controls):
    by_port = {options.distribution_port: viewers.serve_distribution, options.api_port: viewers.serve_api}

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app.app(scope, receive, send)
        deployments.viewer.set(tuple(scope["client"]))
        data_plane = by_port.get(scope["server"][1])
        if scope["type"] == "http" and data_plane:
            return await data_plane(scope, receive, send)
        if scope["type"] == "http" and scope["path"].startswith(controls.PREFIX):
            return await control.serve(scope, receive, send)
        await app.app(scope, receive, send)

    return application


async def _serve(options, application) -> None:
    config = Config()
    config.bind = [f"{LOOPBACK}:{port}" for port in (options.port, options.distribution_port, options.api_port)]
    config.backlog = 1024
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    # Its own handlers for signals would wait for open requests; the supervisor simply ends this process.
    await serve(application, config, shutdown_trigger=asyncio.Event().wait)


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        pass  # macOS reports "unlimited" and refuses it; the soft limit does
