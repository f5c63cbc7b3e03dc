// Package observability declares a CloudWatch dashboard of all hops of a request, saved
// queries of the logs, and alarms on requests.
package observability

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures an [Observability].
type Args struct {
	Deployment deployment.Deployment
	Notifier   *alerting.Notifier
	RunbookURL string
	Alarms     []string // the ends of the names of the alarms that other components make

	DistributionID pulumi.StringInput
	Firewall       string // dimension WebACL of its metrics; empty for none
	API            API
	Functions      Functions
	FlowLogs       pulumi.StringInput // the log group's name; nil for none

	LoadBalancer *LoadBalancer // nil without a private model
	Streaming    *Streaming    // nil without streaming
	Clients      bool          // whether the API has clients

	// OldestKey bounds the age of the origin key in use, and LongestDeployment that of a
	// deployment of CloudFront: beyond, the rotation's alarms fire.
	OldestKey, LongestDeployment time.Duration
}

// API identifies the HTTP API.
type API struct {
	ID        pulumi.StringInput
	Stage     string
	AccessLog pulumi.StringInput // the log group's name
}

// Functions holds the names of the functions.
type Functions struct {
	Authorizer, Model, Rotator pulumi.StringInput
}

// LoadBalancer identifies the load balancer of the private model.
type LoadBalancer struct {
	LoadBalancerARN pulumi.StringInput
	TargetGroupARN  pulumi.StringInput
}

// Streaming identifies the REST API and the function that stream.
type Streaming struct {
	APIName  pulumi.StringInput // by which its metrics are found, unlike those of HTTP APIs
	Stage    string
	Function pulumi.StringInput // its name
}

// Observability holds the dashboard with its alarms and queries.
type Observability struct {
	pulumi.ResourceState

	DashboardURL pulumi.StringOutput // in the AWS console
}

// New declares the dashboard, the queries and the alarms.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Observability, error) {
	o := &Observability{}
	if err := ctx.RegisterComponentResource("gatehouse:observability:Observability", name, o, opts...); err != nil {
		return nil, err
	}
	for _, step := range []func(*pulumi.Context, string, *Args) error{
		o.newDenials,
		o.newAlarms,
		o.newQueries,
		o.newDashboard,
	} {
		if err := step(ctx, name, args); err != nil {
			return nil, err
		}
	}
	return o, ctx.RegisterResourceOutputs(o, pulumi.Map{"dashboardUrl": o.DashboardURL})
}

func (o *Observability) newAlarms(ctx *pulumi.Context, name string, args *Args) error {
	for _, a := range args.alarms() {
		if err := args.Notifier.NewAlarm(ctx, name+"-"+a.Name, a, pulumi.Parent(o)); err != nil {
			return err
		}
	}
	return nil
}
