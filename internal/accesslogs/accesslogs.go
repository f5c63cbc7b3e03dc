// Package accesslog has CloudFront write down each request in a bucket: standard
// logging in its second version, which needs no access control list on the bucket,
// and writes the fields that it is told.
package accesslogs

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// fields are what is written of a request. Missing are the query and the cookies, in
// which clients may have secrets.
var fields = []string{
	"date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status", "cs(Referer)", "cs(User-Agent)",
	"x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes", "time-taken", "ssl-protocol", "ssl-cipher",
	"x-edge-response-result-type", "cs-protocol-version", "c-port", "time-to-first-byte", "x-edge-detailed-result-type",
	"sc-content-type", "sc-content-len",
}

// Args configures [Logs].
type Args struct {
	Deployment      deployment.Deployment
	Settings        config.AccessLogs
	DistributionARN pulumi.StringInput

	// Global is the provider for [settings.GlobalRegion], where CloudFront's logs
	// start. The bucket is in the region of the component's own provider.
	Global pulumi.ProviderResource
}

// Logs is the bucket, and the way of the logs to it.
type Logs struct {
	pulumi.ResourceState

	BucketName pulumi.StringOutput
}

// New declares the bucket and the delivery.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Logs, error) {
	l := &Logs{}
	if err := ctx.RegisterComponentResource("gatehouse:accesslog:Logs", name, l, opts...); err != nil {
		return nil, err
	}
	bucket, err := l.newBucket(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := l.newDelivery(ctx, name, args, bucket); err != nil {
		return nil, err
	}
	l.BucketName = bucket.name
	return l, ctx.RegisterResourceOutputs(l, pulumi.Map{"bucketName": l.BucketName})
}

// sourceName names CloudFront as a source of logs.
func (a *Args) sourceName() string { return a.Deployment.Name + "-access-logs" }

// newDelivery leads the logs to the bucket. It says nothing of the objects' names:
// AWS puts AWSLogs/<account>/CloudFront/ before what it is told at first, and not
// after a change. Source and destination are put by their names and deleted by them:
// a replacement that came first would be deleted with what it replaces.
func (l *Logs) newDelivery(ctx *pulumi.Context, name string, args *Args, b bucket) error {
	onGlobal := pulumi.Provider(args.Global)
	source, err := cloudwatch.NewLogDeliverySource(ctx, name+"-source", &cloudwatch.LogDeliverySourceArgs{
		Name:        pulumi.String(args.sourceName()),
		LogType:     pulumi.String("ACCESS_LOGS"),
		ResourceArn: args.DistributionARN,
	}, pulumi.Parent(l), onGlobal, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return err
	}
	destination, err := cloudwatch.NewLogDeliveryDestination(ctx, name+"-destination", &cloudwatch.LogDeliveryDestinationArgs{
		Name:         pulumi.String(args.sourceName()),
		OutputFormat: pulumi.String("json"),
		DeliveryDestinationConfiguration: &cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs{
			DestinationResourceArn: b.arn,
		},
	}, pulumi.Parent(l), onGlobal, pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return err
	}
	_, err = cloudwatch.NewLogDelivery(ctx, name+"-delivery", &cloudwatch.LogDeliveryArgs{
		DeliverySourceName:     source.Name,
		DeliveryDestinationArn: destination.Arn,
		RecordFields:           pulumi.ToStringArray(fields),
	}, pulumi.Parent(l), onGlobal, pulumi.DependsOn([]pulumi.Resource{b.policy}))
	return err
}
