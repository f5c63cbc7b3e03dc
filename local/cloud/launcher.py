#!/usr/bin/env python3
"""Starts the project's local AWS: ministack on loopback, with the extensions in gatehouse_cloud."""

import argparse
import sys

from gatehouse_cloud import environment, process


def main() -> int:
    options = parse(sys.argv[1:])
    ports = {"--port": options.port, "--distribution-port": options.distribution_port, "--api-port": options.api_port}
    if problem := process.port_problem(ports):
        print(f"cloud: {problem}", file=sys.stderr)
        return 1

    def cloud(scratch: str) -> int:
        environment.enter(options.port, scratch)
        from gatehouse_cloud import server  # after the environment: ministack reads it while it is imported

        return server.run(options)

    return process.supervise(cloud)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=4566, help="AWS API and the controls under /_gatehouse/ (default %(default)s)")
    parser.add_argument("--distribution-port", type=int, default=4567, help="the newest CloudFront distribution (default %(default)s)")
    parser.add_argument("--api-port", type=int, default=4568, help="the newest HTTP API (default %(default)s)")
    parser.add_argument("--deploy-seconds", type=float, default=5, help="how long a CloudFront deployment takes (default %(default)s)")
    parser.add_argument("--edges", type=int, default=4, help="simulated CloudFront edges (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.deploy_seconds < 0:
        parser.error("--deploy-seconds must not be negative")
    if options.edges < 1:
        parser.error("--edges must be at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
