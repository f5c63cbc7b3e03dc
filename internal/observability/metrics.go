package observability

import (
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// ofDistribution returns a metric of CloudFront, which are all in us-east-1.
func (a *Args) ofDistribution(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/CloudFront", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"DistributionId": a.DistributionID, "Region": pulumi.String("Global")},
	}
}

// ofFirewall returns a metric of AWS WAF over all rules, which is in us-east-1 too.
func (a *Args) ofFirewall(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/WAFV2", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"WebACL": pulumi.String(a.Firewall), "Rule": pulumi.String("ALL")},
	}
}

func (a *Args) ofAPI(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApiGateway", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"ApiId": a.API.ID, "Stage": pulumi.String(a.API.Stage)},
	}
}

// of returns a metric of the REST API. Its names differ from those of HTTP APIs.
func (s *Streaming) of(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApiGateway", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"ApiName": s.APIName, "Stage": pulumi.String(s.Stage)},
	}
}

func ofFunction(function pulumi.StringInput, name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/Lambda", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"FunctionName": function},
	}
}

// ofStack returns a metric that the stack's own functions or logs emit.
func (a *Args) ofStack(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: metrics.Namespace, Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{metrics.StackDimension: pulumi.String(a.Deployment.Name)},
	}
}

// ofTargets returns a metric of the load balancer about its targets. The dimensions are
// the ends of both ARNs.
func (l *LoadBalancer) ofTargets(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"LoadBalancer": l.loadBalancer(), "TargetGroup": endOf(l.TargetGroupARN, ":")},
	}
}

func (l *LoadBalancer) ofLoadBalancer(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"LoadBalancer": l.loadBalancer()},
	}
}

func (l *LoadBalancer) loadBalancer() pulumi.StringOutput {
	return endOf(l.LoadBalancerARN, ":loadbalancer/")
}

// endOf returns the part of an ARN after the last separator.
func endOf(arn pulumi.StringInput, separator string) pulumi.StringOutput {
	return arn.ToStringOutput().ApplyT(func(arn string) string {
		return arn[strings.LastIndex(arn, separator)+len(separator):]
	}).(pulumi.StringOutput)
}

// denied matches the lines of the API's log about requests that API Gateway rejected
// itself. Those that an integration rejects have an integration status.
const denied = `{ ($.status = "401" || $.status = "403") && $.integrationStatus = "-" }`

// newDenials declares the metric of rejected requests, counted in the API's log, since API
// Gateway has no metric for them. The authorizer can't count them: API Gateway caches its
// decisions, and rejects requests without a key without calling it.
func (o *Observability) newDenials(ctx *pulumi.Context, name string, args *Args) error {
	_, err := cloudwatch.NewLogMetricFilter(ctx, name+"-denials", &cloudwatch.LogMetricFilterArgs{
		Name:         pulumi.String(args.Deployment.Name + "-denials"),
		LogGroupName: args.API.AccessLog,
		Pattern:      pulumi.String(denied),
		MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace:  pulumi.String(metrics.Namespace),
			Name:       pulumi.String(metrics.Denials),
			Value:      pulumi.String("1"),
			Unit:       pulumi.String("Count"),
			Dimensions: pulumi.StringMap{metrics.StackDimension: pulumi.String("$.stack")},
		},
	}, pulumi.Parent(o))
	return err
}
