"""Installs the extensions in ministack and serves its three ports from one process."""

import asyncio
import logging
import resource
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app

from gatehouse_cloud import certificates, data_plane, extensions, patching, tunnel
from gatehouse_cloud.controls import routes
from gatehouse_cloud.environment import REGION
from gatehouse_cloud.fidelity.cloudfront import deployments, edge, origin_connections
from gatehouse_cloud.fidelity.monitoring import alarm_states
from gatehouse_cloud.fidelity.network import targets
from gatehouse_cloud.process import LOOPBACK
from gatehouse_cloud.state import State

# A server that closes a kept-alive connection races with the client's next request on it, which would look like a
# failed request of the product.
KEEP_ALIVE_SECONDS = 3600
KEEP_ALIVE_REQUESTS = 10**9


def run(options, scratch: str) -> int:
    """Serve until told to stop."""
    issued = certificates.issue(scratch, REGION)
    # Functions connect to these through the tunnels, over TLS, by the names on AWS.
    sockets = {"distribution": _loopback_socket(), "api": _loopback_socket(), "tunnels": _loopback_socket()}
    state = State(
        fleet=deployments.Fleet(options.edges, options.deploy_seconds),
        viewers=edge.Viewers(options.viewer_country),
        connections=origin_connections.Connections(_port(sockets["api"]), issued.authority),
        function_variables={
            "HTTPS_PROXY": f"http://{LOOPBACK}:{_port(sockets['tunnels'])}",
            "SSL_CERT_FILE": issued.authority,
        },
        model_url=options.model_url,
    )
    try:
        extensions.install(state)
    except patching.Incompatible as problem:
        print(f"cloud: {problem}", file=sys.stderr)
        return 1
    _raise_file_limit()
    application = _application(options, sockets, routes.Controls(state))
    asyncio.run(_serve(options, sockets, issued, application))
    return 0


def _application(options, sockets: dict[str, socket.socket], controls: routes.Controls):
    by_port = {
        options.distribution_port: data_plane.serve_distribution,
        _port(sockets["distribution"]): data_plane.serve_distribution,
        options.api_port: data_plane.serve_api,
        _port(sockets["api"]): data_plane.serve_api,
    }

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app.app(scope, receive, send)
        scope = data_plane.with_lower_case(scope)
        deployments.viewer.set(tuple(scope["client"]))
        edge.passage.set(None)
        serve_newest = by_port.get(scope["server"][1])
        if scope["type"] == "http" and serve_newest:
            return await serve_newest(scope, receive, send)
        if scope["type"] == "http" and scope["path"].startswith(routes.PREFIX):
            return await controls.serve(scope, receive, send)
        if scope["type"] == "http" and data_plane.names_distribution(scope):
            return await data_plane.serve_distribution_over_http(scope, receive, send)
        await app.app(scope, receive, send)

    return application


async def _serve(options, sockets: dict[str, socket.socket], issued: certificates.Certificates, application) -> None:
    config = Config()
    config.insecure_bind = [
        f"{LOOPBACK}:{port}" for port in (options.port, options.distribution_port, options.api_port)
    ]
    config.bind = [f"fd://{sockets[name].fileno()}" for name in ("distribution", "api")]
    config.certfile, config.keyfile = issued.certificate, issued.key
    # CloudFront and API Gateway set Server themselves.
    config.include_server_header = False
    # REST APIs keep the case of headers' names.
    config.h11_pass_raw_headers = True
    config.backlog = 1024
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
    tunnels = tunnel.Tunnels(_port(sockets["api"]), _port(sockets["distribution"]))
    await asyncio.gather(
        # Its own handlers for signals would wait for open requests; the supervisor simply ends this process.
        serve(application, config, shutdown_trigger=asyncio.Event().wait),
        tunnels.serve(sockets["tunnels"]),
        targets.watch(),
        alarm_states.watch(),
    )


def _loopback_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind((LOOPBACK, 0))
    return bound


def _port(bound: socket.socket) -> int:
    return bound.getsockname()[1]


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        pass  # macOS reports "unlimited" and refuses it; the soft limit does
