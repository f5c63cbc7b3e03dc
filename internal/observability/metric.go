package observability

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// ofDistribution is a metric of CloudFront, which are all in us-east-1.
func (a *Args) ofDistribution(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/CloudFront", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"DistributionId": a.DistributionID, "Region": pulumi.String("Global")},
	}
}

// ofFirewall is a metric of AWS WAF about all rules together, which is in us-east-1
// too.
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

func ofFunction(function pulumi.StringInput, name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/Lambda", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"FunctionName": function},
	}
}

// ofStack is a metric that the stack's own functions and logs make.
func (a *Args) ofStack(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: metrics.Namespace, Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{metrics.StackDimension: pulumi.String(a.Deployment.Name)},
	}
}

// ofTargets is a metric of the load balancer about its targets. CloudWatch knows both
// by the ends of their ARNs.
func (p *Private) ofTargets(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"LoadBalancer": p.loadBalancer(), "TargetGroup": endOf(p.TargetGroupARN, ":")},
	}
}

func (p *Private) ofLoadBalancer(name, statistic string) alerting.Metric {
	return alerting.Metric{
		Namespace: "AWS/ApplicationELB", Name: name, Statistic: statistic,
		Dimensions: pulumi.StringMap{"LoadBalancer": p.loadBalancer()},
	}
}

func (p *Private) loadBalancer() pulumi.StringOutput {
	return endOf(p.LoadBalancerARN, ":loadbalancer/")
}

// endOf is what follows the last separator.
func endOf(arn pulumi.StringInput, separator string) pulumi.StringOutput {
	return arn.ToStringOutput().ApplyT(func(arn string) string {
		return arn[strings.LastIndex(arn, separator)+len(separator):]
	}).(pulumi.StringOutput)
}
