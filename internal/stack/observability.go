package stack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/observability"
	"github.com/gatehouse-iac/gatehouse/internal/restapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
	"github.com/gatehouse-iac/gatehouse/internal/waf"
)

// declareObservability declares the dashboard and the alarms on requests, if the
// settings enable them. They are not protected: no data is lost with them.
func (c *components) declareObservability(ctx *pulumi.Context, d deployment.Deployment, onAWS pulumi.ResourceOption) (err error) {
	s := c.settings
	if !s.Observability.Enabled {
		return nil
	}
	args := &observability.Args{
		Deployment:     d,
		Notifier:       c.notifier,
		RunbookURL:     s.Observability.RunbookURL,
		Alarms:         slices.Concat(c.schedule.Alarms, c.clientAlarms()),
		DistributionID: c.edge.DistributionID,
		API:            observability.API{ID: c.api.APIID, Stage: httpapi.StageName, AccessLog: c.api.AccessLog},
		Functions: observability.Functions{
			Authorizer: c.api.Authorizer.Name,
			Model:      c.model.Function.Name,
			Rotator:    c.rotation.Rotator.Name,
		},
		Clients:           s.Clients.Enabled(),
		FlowLogs:          c.private.flowLogGroup(),
		LoadBalancer:      c.private.loadBalancer(),
		OldestKey:         rotation.OldestKey(s.Rotation),
		LongestDeployment: s.Rotation.Deployment,
	}
	if c.streaming != nil {
		args.Streaming = &observability.Streaming{APIName: c.streaming.Name, Stage: restapi.StageName, Function: c.model.Stream.Name}
	}
	if s.Firewall.Enabled {
		args.Firewall = waf.MetricName(d)
	}
	c.observability, err = observability.New(ctx, "observability", args, onAWS)
	return err
}
