"""Checks targets that are registered by address, and sends them requests only while they are healthy.

ministack calls every target healthy, keeps one port per address, and speaks plain HTTP to it. Here the health checks are
those of the target group. An address of a private network stands for this machine, since there is no other host in the
networks of the sandbox: the target is the server that listens on loopback, on the target's port. A target with another
address is never contacted and its checks fail. Other than on AWS, a load balancer does not fail open: without a healthy
target the response is 503, where AWS would try the unhealthy ones.
"""

import asyncio
import http.client
import ipaddress
import random
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ministack.services import alb

from gatehouse_cloud import patching
from gatehouse_cloud.process import LOOPBACK

TICK_SECONDS = 0.1
CONNECT_SECONDS = 10
HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade"}
TITLES = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}
UNREACHABLE = "Request timed out (the sandbox reaches loopback and private addresses only, both on this machine)"
# The networks of addresses that Elastic Load Balancing accepts as targets.
PRIVATE = [
    ipaddress.ip_network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]

# A load balancer does not check its targets' certificates.
_unverified = ssl.create_default_context()
_unverified.check_hostname = False
_unverified.verify_mode = ssl.CERT_NONE
# Separate threads, because requests to a model take long and would keep ministack's few threads busy.
_threads = ThreadPoolExecutor(64, "targets")


@dataclass
class Health:
    """The state of one target according to its checks."""

    state: str = "initial"
    reason: str = "Elb.InitialHealthChecking"
    description: str = "Initial health checks in progress"
    streak: int = 0  # results in a row that contradict the state
    due: float = 0

    def record(self, failure: tuple[str, str] | None, group: dict) -> None:
        """Record the result of a check; None is a success."""
        found = "unhealthy" if failure else "healthy"
        self.streak = 0 if found == self.state else self.streak + 1
        needed = group["UnhealthyThresholdCount" if failure else "HealthyThresholdCount"]
        if self.state == "initial" and not failure:
            needed = 1  # a new target must pass one check only
        if self.streak >= needed:
            self.state, self.streak = found, 0
        if found == self.state:
            self.reason, self.description = failure or ("", "")


_healths: dict[tuple[str, str, int], Health] = {}  # target group's ARN, address, port


def install() -> None:
    patching.extend_entry(alb._ACTION_MAP, "RegisterTargets", _register)
    patching.extend_entry(alb._ACTION_MAP, "DeregisterTargets", _deregister)
    patching.extend_entry(alb._ACTION_MAP, "DescribeTargetHealth", _describe)
    patching.extend(alb, "_forward_to_tg", _forward)


async def watch() -> None:
    """Check targets for as long as the launcher runs."""
    running = set()
    while True:
        now = time.monotonic()
        present = set()
        for (account, _, arn), group in list(alb._tgs._data.items()):
            if group["TargetType"] != "ip" or not _is_used(arn):
                continue
            for target in alb._targets._data.get((account, arn), []):
                key = _key(group, target)
                present.add(key)
                health = _healths.setdefault(key, Health())
                if health.due <= now:
                    health.due = now + group["HealthCheckIntervalSeconds"]
                    task = asyncio.create_task(_check(group, target, health))
                    running.add(task)
                    task.add_done_callback(running.discard)
        for key in set(_healths) - present:
            del _healths[key]
        await asyncio.sleep(TICK_SECONDS)


async def _check(group: dict, target: dict, health: Health) -> None:
    if _host(target) is None:
        failure = "Target.Timeout", UNREACHABLE
    else:
        try:
            failure = await asyncio.wait_for(_probe(group, target), group["HealthCheckTimeoutSeconds"])
        except asyncio.TimeoutError:
            failure = "Target.Timeout", "Request timed out"
        except (OSError, ValueError, IndexError):
            failure = "Target.FailedHealthChecks", "Health checks failed"
    health.record(failure, group)


async def _probe(group: dict, target: dict) -> tuple[str, str] | None:
    host, port = _host(target), _check_port(group, target)
    protocol = group["HealthCheckProtocol"]
    secure = protocol in ("HTTPS", "TLS")
    reader, writer = await asyncio.open_connection(host, port, ssl=_unverified if secure else None)
    try:
        if protocol not in ("HTTP", "HTTPS"):
            return None
        request = (
            f"GET {group['HealthCheckPath']} HTTP/1.1\r\nHost: {target['Id']}:{port}\r\n"
            "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
        )
        writer.write(request.encode())
        await writer.drain()
        status = int((await reader.readline()).split()[1])
    finally:
        writer.close()
    if _is_wanted(status, group["Matcher"]["HttpCode"]):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def _is_wanted(status: int, matcher: str) -> bool:
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


def _check_port(group: dict, target: dict) -> int:
    given = group["HealthCheckPort"]
    return _port(group, target) if given == "traffic-port" else int(given)


def _port(group: dict, target: dict) -> int:
    return int(target.get("Port") or group["Port"])


def _key(group: dict, target: dict) -> tuple[str, str, int]:
    return group["TargetGroupArn"], target["Id"], _port(group, target)


def _host(target: dict) -> str | None:
    """Return the address of a target on this machine; None if it is not on this machine."""
    try:
        address = ipaddress.ip_address(target["Id"])
    except ValueError:
        return None
    if any(address in network for network in PRIVATE):
        return LOOPBACK
    return str(address) if address.is_loopback else None


def _is_used(arn: str) -> bool:
    return any(
        action.get("TargetGroupArn") == arn or arn in dict(action.get("ForwardConfig", []))
        for rule in list(alb._rules._data.values())
        for action in rule.get("Actions", [])
    )


def _register(original, params):
    arn = alb._p(params, "TargetGroupArn")
    group = alb._tgs.get(arn)
    if group is None:
        return original(params)
    registered = {_key(group, target): target for target in alb._targets.get(arn, [])}
    for target in alb._parse_targets_param(params):
        registered[_key(group, target)] = {**target, "Port": _port(group, target)}
    alb._targets[arn] = list(registered.values())
    return alb._empty("RegisterTargets")


def _deregister(original, params):
    arn = alb._p(params, "TargetGroupArn")
    group = alb._tgs.get(arn)
    if group is None:
        return original(params)
    removed = {_key(group, target) for target in alb._parse_targets_param(params)}
    alb._targets[arn] = [target for target in alb._targets.get(arn, []) if _key(group, target) not in removed]
    return alb._empty("DeregisterTargets")


def _describe(original, params):
    group = alb._tgs.get(alb._p(params, "TargetGroupArn"))
    if group is None or group["TargetType"] != "ip":
        return original(params)
    wanted = {_key(group, target) for target in alb._parse_targets_param(params)}
    items = "".join(
        _health_xml(group, target)
        for target in alb._targets.get(group["TargetGroupArn"], [])
        if not wanted or _key(group, target) in wanted
    )
    inner = f"<TargetHealthDescriptions>{items}</TargetHealthDescriptions>"
    return alb._xml(200, "DescribeTargetHealth", inner)


def _health_xml(group: dict, target: dict) -> str:
    if not _is_used(group["TargetGroupArn"]):
        message = "Target group is not configured to receive traffic from the load balancer"
        health = Health("unused", "Target.NotInUse", message)
    else:
        health = _healths.get(_key(group, target)) or Health()
    why = f"<Reason>{health.reason}</Reason><Description>{health.description}</Description>" if health.reason else ""
    return (
        f"<member><Target><Id>{target['Id']}</Id><Port>{_port(group, target)}</Port></Target>"
        f"<HealthCheckPort>{_check_port(group, target)}</HealthCheckPort>"
        f"<TargetHealth><State>{health.state}</State>{why}</TargetHealth></member>"
    )


async def _forward(original, tg_arn, method, path, headers, body, query_params, raw_query_string=None, raw_path=None):
    group = alb._tgs.get(tg_arn)
    if group is None or group["TargetType"] != "ip":
        return await original(tg_arn, method, path, headers, body, query_params, raw_query_string, raw_path)
    healthy = [
        target
        for target in alb._targets.get(tg_arn, [])
        if (health := _healths.get(_key(group, target))) and health.state == "healthy"
    ]
    if not healthy:
        return _error(503)
    url = (raw_path or path) + (f"?{raw_query_string}" if raw_query_string else "")
    connection = _connection(group, random.choice(healthy))
    idle = float(alb._lb_attr(next(iter(group["LoadBalancerArns"]), ""), "idle_timeout.timeout_seconds", "60"))
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _threads, _exchange, connection, method, url, headers, body, idle
        )
    except asyncio.CancelledError:
        # The caller timed out; end the thread's wait.
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)
        raise


def _connection(group: dict, target: dict) -> http.client.HTTPConnection:
    host, port = _host(target), _port(group, target)
    if group["Protocol"] in ("HTTPS", "TLS"):
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=_unverified)
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


def _exchange(connection, method: str, url: str, headers: dict, body: bytes, idle: float) -> tuple:
    try:
        connection.connect()
        connection.sock.settimeout(idle)
        connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name not in HOP_BY_HOP and name != "content-length":
                connection.putheader(name, value.encode())
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("content-length", str(len(body or b"")))
        connection.endheaders(body or None)
        response = connection.getresponse()
        data = response.read()
    except TimeoutError:
        return _error(504)
    except (OSError, http.client.HTTPException):
        return _error(502)
    finally:
        connection.close()
    received: dict[str, list[str]] = {}
    for name, value in response.getheaders():
        if name.lower() not in HOP_BY_HOP and name.lower() != "content-length":
            received.setdefault(name.lower(), []).append(value)
    return response.status, {name: values[0] if len(values) == 1 else values for name, values in received.items()}, data


def _error(status: int) -> tuple:
    title = TITLES[status]
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return status, {"Content-Type": "text/html"}, page.encode()
