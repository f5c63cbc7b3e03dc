"""The extensions of ministack, in the order in which they are installed.

An extension that replaces a function of ministack calls the one that it found there. Of two that replace the same one,
the later sees a request first and its response last. Such extensions state their order with after; a test checks that
they do.
"""

import inspect
from dataclasses import dataclass
from types import ModuleType

from gatehouse_cloud import log_filter, response_writes
from gatehouse_cloud.controls import calls, faults, origin_headers
from gatehouse_cloud.fidelity import absent_members, error_envelopes, schedules, web_acls
from gatehouse_cloud.fidelity.apigateway import (
    access_logs,
    authorizer_cache,
    endpoints,
    paths,
    private_integrations,
    throttling,
    vpc_links,
)
from gatehouse_cloud.fidelity.apigateway.rest import (
    authorizers,
    gateway,
    imports,
    settings,
    stages,
)
from gatehouse_cloud.fidelity.apigateway.rest import deployments as rest_deployments
from gatehouse_cloud.fidelity.awslambda import (
    concurrency,
    environments,
    function_logs,
    packages,
    payloads,
    permissions,
    runtime,
    streams,
    versions,
)
from gatehouse_cloud.fidelity.bedrock import converse, embeddings, guardrails, inference_profiles
from gatehouse_cloud.fidelity.cloudfront import access_logs as distribution_logs
from gatehouse_cloud.fidelity.cloudfront import (
    cloudfront_functions,
    deployments,
    domain_names,
    edge,
    error_pages,
    lambda_at_edge,
    origin_responses,
    origin_shield,
    replicas,
    response_headers_policies,
)
from gatehouse_cloud.fidelity.dynamodb import (
    backups,
    conditions,
    expressions,
    queries,
    stale_reads,
    tables,
    time_to_live,
    updates,
)
from gatehouse_cloud.fidelity.dynamodb import errors as dynamodb_errors
from gatehouse_cloud.fidelity.iam import (
    access,
    administration,
    delegated,
    ec2_resources,
    edge_administration,
    hidden_tags,
    item_conditions,
    parameter_store,
    settling,
    tag_on_create,
)
from gatehouse_cloud.fidelity.monitoring import alarm_states, alarms, log_deliveries, saved_queries
from gatehouse_cloud.fidelity.network import (
    elastic_addresses,
    in_use,
    one_vpc,
    security_groups,
    target_groups,
    targets,
    vpcs,
    zones,
)
from gatehouse_cloud.state import State


@dataclass(frozen=True)
class Extension:
    """A module with an install(), and the extensions that are installed before it."""

    module: ModuleType
    after: tuple[ModuleType, ...] = ()

    def install(self, state: State) -> None:
        """Install it with the members of the state that it takes."""
        taken = inspect.signature(self.module.install).parameters
        self.module.install(**{name: getattr(state, name) for name in taken})


EXTENSIONS = (
    Extension(log_filter),
    Extension(response_writes),
    # Lambda.
    Extension(runtime),
    # Passes on the chunks of responses that the Runtime API of runtime reads.
    Extension(streams, after=(runtime,)),
    Extension(environments),
    Extension(packages),
    Extension(concurrency),
    Extension(payloads),
    Extension(function_logs),
    Extension(versions),
    Extension(permissions),
    # IAM.
    Extension(access),
    Extension(parameter_store),
    Extension(guardrails),
    # Names the resource where access left "*". The conditions of a request add up; there the order doesn't matter.
    Extension(administration, after=(access, guardrails)),
    # Names the resource where administration left "*".
    Extension(edge_administration, after=(administration,)),
    # Decides first on the resource of an EC2 request, and drops tags that administration took for a condition.
    Extension(ec2_resources, after=(edge_administration,)),
    Extension(tag_on_create),
    Extension(delegated),
    # Outside of the checks that these two add, whose refusals pass it unchanged.
    Extension(hidden_tags, after=(tag_on_create, delegated)),
    # Delays the tags of resources that these find, and keeps a way to those that are not delayed.
    Extension(settling, after=(administration, edge_administration)),
    # Records the conditions of a request before administration adds the tags that are in effect.
    Extension(calls, after=(administration,)),
    # Adds the conditions of items before they are recorded.
    Extension(item_conditions, after=(calls,)),
    # Outside of guardrails, which may respond itself: a fault can hit that response, too.
    Extension(faults, after=(guardrails,)),
    Extension(error_envelopes),
    # CloudFront.
    Extension(origin_responses),
    Extension(endpoints, after=(origin_responses,)),
    # Begins the passage of a request before origin_responses looks at what is left of it.
    Extension(edge, after=(origin_responses,)),
    Extension(cloudfront_functions),
    # Runs a function before endpoints sends the request to the API, and after edge has removed headers.
    Extension(lambda_at_edge, after=(endpoints, edge)),
    Extension(replicas),
    # Shows a page for each failure on the way to the origin.
    Extension(error_pages, after=(endpoints, lambda_at_edge)),
    Extension(response_headers_policies),
    Extension(origin_shield),
    # Chooses the configuration that an edge has, before these two read it.
    Extension(deployments, after=(edge, lambda_at_edge)),
    # Logs the response that a viewer gets in the end.
    Extension(distribution_logs, after=(origin_responses, edge, lambda_at_edge, deployments)),
    # Records a configuration as the client sent it, without what origin_shield adds.
    Extension(origin_headers, after=(origin_shield,)),
    # Refuses an alias before anything is stored or recorded.
    Extension(domain_names, after=(origin_shield, origin_headers)),
    # API Gateway.
    Extension(authorizer_cache),
    Extension(throttling),
    Extension(paths),
    # Both serve paths of the same API. The paths differ, so that the order doesn't matter.
    Extension(vpc_links, after=(authorizer_cache,)),
    Extension(private_integrations),
    # Logs throttled requests, too, with the id that throttling gives a response; measures private integrations.
    Extension(access_logs, after=(throttling, private_integrations)),
    # REST APIs.
    Extension(imports),
    # Both serve paths that ministack doesn't know. The paths differ, so that the order doesn't matter.
    Extension(authorizers, after=(imports,)),
    Extension(rest_deployments),
    Extension(settings),
    Extension(stages),
    Extension(gateway),
    # EC2 and Elastic Load Balancing.
    Extension(vpcs),
    # Refuses a subnet before vpcs stores its IPv6 block.
    Extension(zones, after=(vpcs,)),
    Extension(elastic_addresses),
    Extension(security_groups),
    Extension(target_groups),
    # Refuses an endpoint before vpcs changes it, and a function before versions looks for the version made.
    Extension(one_vpc, after=(vpcs, versions)),
    Extension(in_use),
    Extension(targets),
    # CloudWatch.
    Extension(alarm_states),
    # Translates the query protocol into JSON, in which it calls alarm_states.
    Extension(alarms, after=(alarm_states,)),
    Extension(saved_queries),
    Extension(log_deliveries),
    # DynamoDB.
    Extension(conditions),
    Extension(updates),
    Extension(expressions),
    Extension(queries),
    Extension(stale_reads, after=(queries,)),
    Extension(tables),
    Extension(time_to_live),
    Extension(backups),
    # Gives the errors of tables, and of requests that aren't authorized, DynamoDB's form.
    Extension(dynamodb_errors, after=(tables, error_envelopes)),
    # Other services, and members of several.
    Extension(absent_members),
    Extension(schedules),
    Extension(web_acls),
    Extension(converse),
    Extension(embeddings),
    # Finds a profile by its ARN before delegated lists its models; names the resource of requests on profiles.
    Extension(inference_profiles, after=(access, administration, edge_administration, ec2_resources, delegated)),
)


def install(state: State) -> None:
    """Install every extension."""
    for extension in EXTENSIONS:
        extension.install(state)
