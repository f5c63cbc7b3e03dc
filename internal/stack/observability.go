package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/observability"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
	"github.com/gatehouse-iac/gatehouse/internal/waf"
)

// watched are the components that observability looks at.
type watched struct {
	front    *edge.Edge
	api      *httpapi.API
	model    *function.Function
	rotation *rotation.Rotation
	schedule *rotation.Schedule
	private  private
}

// declareObservability returns the exports of it; there are none without it. It is
// not protected: nothing is lost with it.
func declareObservability(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, w watched, onAWS pulumi.ResourceOption) (pulumi.Map, error) {
	if !s.Observability.Enabled {
		return nil, nil
	}
	args := &observability.Args{
		Deployment:     d,
		Topic:          w.schedule.AlarmsTopic,
		Runbook:        s.Observability.RunbookURL,
		Alarms:         w.schedule.Alarms,
		DistributionID: w.front.DistributionID,
		API:            observability.API{ID: w.api.APIID, Stage: httpapi.StageName, AccessLog: w.api.AccessLog},
		Functions: observability.Functions{
			Authorizer: w.api.Authorizer.Name,
			Model:      w.model.Name,
			Rotator:    w.rotation.Rotator.Name,
		},
		FlowLogs:          w.private.flowLogs,
		Private:           w.private.balancer,
		OldestKey:         rotation.OldestKey(s.Rotation),
		LongestDeployment: s.Rotation.Deployment,
	}
	if s.Firewall.Enabled {
		args.Firewall = waf.MetricName(d)
	}
	o, err := observability.New(ctx, "observability", args, onAWS)
	if err != nil {
		return nil, err
	}
	return pulumi.Map{"dashboardUrl": o.DashboardURL}, nil
}
