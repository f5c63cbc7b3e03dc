"""What extensions and controls share."""

from dataclasses import dataclass, field

from gatehouse_cloud.controls.calls import Calls
from gatehouse_cloud.controls.faults import Faults
from gatehouse_cloud.controls.origin_headers import Changes
from gatehouse_cloud.fidelity.apigateway.rest.limits import Limits
from gatehouse_cloud.fidelity.awslambda.concurrency import Quota
from gatehouse_cloud.fidelity.awslambda.stream_parts import Rates
from gatehouse_cloud.fidelity.bedrock.guardrails import Order
from gatehouse_cloud.fidelity.cloudfront.deployments import Fleet
from gatehouse_cloud.fidelity.cloudfront.edge import Viewers
from gatehouse_cloud.fidelity.cloudfront.origin_connections import Connections
from gatehouse_cloud.fidelity.dynamodb.stale_reads import Staleness
from gatehouse_cloud.fidelity.iam.settling import Settling


@dataclass
class State:
    """The state of one run. An extension gets the members that its install() has as parameters."""

    fleet: Fleet
    viewers: Viewers
    connections: Connections
    function_variables: dict[str, str]
    model_url: str
    calls: Calls = field(default_factory=Calls)
    changes: Changes = field(default_factory=Changes)
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    order: Order = field(default_factory=Order)
    quota: Quota = field(default_factory=Quota)
    rates: Rates = field(default_factory=Rates)
    settling: Settling = field(default_factory=Settling)
    staleness: Staleness = field(default_factory=Staleness)
