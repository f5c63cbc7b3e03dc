#!/usr/bin/env python3
"""Starts the sandbox's AWS: ministack on loopback, with the extensions in gatehouse_cloud."""

import argparse
import re
import sys

from gatehouse_cloud import environment, patching, process


def main() -> int:
    options = parse(sys.argv[1:])
    ports = {"--port": options.port, "--distribution-port": options.distribution_port, "--api-port": options.api_port}
    if problem := process.port_problem(ports):
        print(f"cloud: {problem}", file=sys.stderr)
        return 1
    try:
        patching.check_version()
    except patching.Incompatible as problem:
        print(f"cloud: {problem}", file=sys.stderr)
        return 1

    def cloud(scratch: str) -> int:
        environment.enter(options.port, scratch)
        from gatehouse_cloud import server  # after the environment: ministack reads it while it is imported

        return server.run(options, scratch)

    return process.supervise(cloud)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--port", type=int, default=4566, help="the AWS API, and the controls under /_gatehouse/")
    parser.add_argument("--distribution-port", type=int, default=4567, help="the newest CloudFront distribution")
    parser.add_argument("--api-port", type=int, default=4568, help="the newest HTTP API")
    parser.add_argument("--deploy-seconds", type=float, default=5, help="how long a CloudFront deployment takes")
    parser.add_argument("--edges", type=int, default=4, help="how many simulated CloudFront edges there are")
    parser.add_argument("--viewer-country", default="US", help="the country of all viewers, an ISO 3166-1 alpha-2 code")
    parser.add_argument(
        "--model-url",
        default="",
        help="a server that speaks OpenAI's API, such as Ollama, and stands in for Bedrock's models; without it, Bedrock has none",
    )
    options = parser.parse_args(arguments)
    if options.deploy_seconds < 0:
        parser.error("--deploy-seconds must not be negative")
    if options.edges < 1:
        parser.error("--edges must be at least 1")
    if not re.fullmatch("[A-Z]{2}", options.viewer_country):
        parser.error("--viewer-country must be two capital letters")
    options.model_url = options.model_url.rstrip("/")
    if options.model_url and not options.model_url.startswith(("http://", "https://")):
        parser.error(f"--model-url is {options.model_url!r}; it must be a URL such as http://127.0.0.1:11434")
    return options


if __name__ == "__main__":
    sys.exit(main())
