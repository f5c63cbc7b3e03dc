package observability

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/metrics"
)

// denied matches the lines of the API's log about requests that it refused itself.
// What an integration refuses has a status of its own.
const denied = `{ ($.status = "401" || $.status = "403") && $.integrationStatus = "-" }`

// newDenials counts refusals in the API's log, since API Gateway has no metric for
// them. The authorizer can't: API Gateway repeats its refusals without asking, and
// refuses by itself who brings no key.
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
