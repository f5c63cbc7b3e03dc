"""Puts the extensions into ministack and serves its three ports from one process."""

import asyncio
import logging
import resource
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app

from . import (
    absent,
    access,
    access_logs,
    addresses,
    administration,
    alarm_states,
    alarms,
    answers,
    api_paths,
    authorizers,
    calls,
    certificates,
    completions,
    concurrency,
    conditions,
    controls,
    delegated,
    deployments,
    domain_names,
    edge,
    edge_administration,
    edge_functions,
    endpoints,
    error_pages,
    errors,
    faults,
    firewall,
    function_logs,
    function_versions,
    guardrails,
    in_use,
    lambda_at_edge,
    load_balancers,
    log_deliveries,
    network_checks,
    networks,
    one_vpc,
    origin_connections,
    origin_headers,
    packages,
    parameter_tiers,
    patching,
    payloads,
    permissions,
    policy_rules,
    private_integrations,
    quiet,
    replicas,
    response_headers,
    runtime,
    saved_queries,
    schedules,
    security_groups,
    settling,
    shrinking,
    stages,
    tag_on_create,
    targets,
    tunnel,
    update_semantics,
    viewers,
    vpc_links,
    zones,
)
from .environment import REGION
from .process import LOOPBACK

# A server that closes a kept-alive connection races with the client's next request on it, which would look like a
# failed request of the product.
KEEP_ALIVE_SECONDS = 3600
KEEP_ALIVE_REQUESTS = 10**9


def run(options, scratch: str) -> int:
    """Serve until told to stop."""
    issued = certificates.issue(scratch, REGION)
    # What is reached by the names it has on AWS, over TLS and through the tunnels.
    sockets = {"distribution": _loopback_socket(), "api": _loopback_socket(), "tunnels": _loopback_socket()}
    named = {"HTTPS_PROXY": f"http://{LOOPBACK}:{_port(sockets['tunnels'])}", "SSL_CERT_FILE": issued.authority}
    fleet = deployments.Fleet(options.edges, options.deploy_seconds)
    everybody = edge.Viewers(options.viewer_country)
    origins = origin_connections.Connections(_port(sockets["api"]), issued.authority)
    injected, called, changed = faults.Faults(), calls.Calls(), origin_headers.Changes()
    quota, order, settles = concurrency.Quota(), guardrails.Order(), settling.Settling()
    try:
        quiet.install()
        answers.install()
        runtime.install(named)
        packages.install()
        endpoints.install(origins)
        edge.install(everybody)
        edge_functions.install()
        lambda_at_edge.install()
        replicas.install(fleet)
        error_pages.install()
        response_headers.install()
        policy_rules.install()
        update_semantics.install()
        deployments.install(fleet)
        origin_headers.install(changed)
        errors.install()
        absent.install()
        alarm_states.install()
        alarms.install()
        saved_queries.install()
        access.install()
        parameter_tiers.install()
        guardrails.install(order)
        concurrency.install(quota)
        payloads.install()
        administration.install()
        edge_administration.install()
        network_checks.install()
        tag_on_create.install()
        delegated.install()
        shrinking.install()
        settling.install(settles)
        calls.install(called, settles)
        faults.install(injected)
        authorizers.install()
        schedules.install()
        function_logs.install(called)
        function_versions.install()
        stages.install()
        conditions.install()
        api_paths.install()
        networks.install()
        zones.install()
        addresses.install()
        security_groups.install()
        domain_names.install()
        firewall.install()
        log_deliveries.install()
        load_balancers.install()
        one_vpc.install()
        in_use.install()
        targets.install()
        vpc_links.install()
        private_integrations.install()
        access_logs.install()
        permissions.install()
        if options.ollama_url:
            completions.install(options.ollama_url)
    except patching.Incompatible as problem:
        print(f"cloud: {problem}", file=sys.stderr)
        return 1
    _raise_file_limit()
    control = controls.Controls(fleet, everybody, origins, injected, called, changed, settles, named, quota, order)
    application = _application(options, sockets, control)
    asyncio.run(_serve(options, sockets, issued, application))
    return 0


def _application(options, sockets: dict[str, socket.socket], control: controls.Controls):
    by_port = {
        options.distribution_port: viewers.serve_distribution,
        _port(sockets["distribution"]): viewers.serve_distribution,
        options.api_port: viewers.serve_api,
        _port(sockets["api"]): viewers.serve_api,
    }

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            return await app.app(scope, receive, send)
        deployments.viewer.set(tuple(scope["client"]))
        edge.passage.set(None)
        data_plane = by_port.get(scope["server"][1])
        if scope["type"] == "http" and data_plane:
            return await data_plane(scope, receive, send)
        if scope["type"] == "http" and scope["path"].startswith(controls.PREFIX):
            return await control.serve(scope, receive, send)
        if scope["type"] == "http" and viewers.names_distribution(scope):
            return await viewers.serve_distribution_over_http(scope, receive, send)
        await app.app(scope, receive, send)

    return application


async def _serve(options, sockets: dict[str, socket.socket], issued: certificates.Certificates, application) -> None:
    config = Config()
    config.insecure_bind = [
        f"{LOOPBACK}:{port}" for port in (options.port, options.distribution_port, options.api_port)
    ]
    config.bind = [f"fd://{sockets[name].fileno()}" for name in ("distribution", "api")]
    config.certfile, config.keyfile = issued.certificate, issued.key
    # What is served says itself what serves it.
    config.include_server_header = False
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
