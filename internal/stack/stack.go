// Package stack is the composition: which component gets what, and what the stack
// exports.
package stack

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

// Deploy declares the whole stack with settings s and the functions built in
// artifacts, and exports what its users need. The guard, made by [edge.NewGuard],
// may be nil.
func Deploy(ctx *pulumi.Context, s config.Settings, artifacts artifact.Directory, guard *pulumi.ResourceHook) error {
	exports, err := declare(ctx, s, artifacts, guard)
	if err != nil {
		return err
	}
	for name, value := range exports {
		ctx.Export(name, value)
	}
	return nil
}

func declare(ctx *pulumi.Context, s config.Settings, artifacts artifact.Directory, guard *pulumi.ResourceHook) (pulumi.Map, error) {
	p, err := newProviders(ctx, s)
	if err != nil {
		return nil, err
	}
	d, err := deployment.New(ctx, p.here, s, artifacts)
	if err != nil {
		return nil, err
	}
	onAWS := p.kept(p.here)

	// First, because it is where AWS can say that the settings are wrong.
	certificateARN, err := declareName(ctx, s, p)
	if err != nil {
		return nil, err
	}

	keys, err := rotation.New(ctx, "rotation", &rotation.Args{
		Deployment: d,
		Key:        s.Key,
		Settings:   s.Rotation,
		APIPrefix:  s.Gateway.Prefix,
		CacheTime:  s.Key.MemoryTTL + s.Gateway.AuthorizerTTL,
	}, onAWS)
	if err != nil {
		return nil, err
	}
	private, err := declarePrivate(ctx, d, s, p)
	if err != nil {
		return nil, err
	}
	models, err := declareModel(ctx, d, s, private, p)
	if err != nil {
		return nil, err
	}
	maps.Copy(private.securityGroups, models.SecurityGroupIDs)
	api, err := httpapi.New(ctx, "gateway", &httpapi.Args{
		Deployment: d,
		Gateway:    s.Gateway,
		Key:        s.Key,
		Keyring:    keys.Keyring,
		Routes:     append(models.Routes, private.routes...),
	}, onAWS)
	if err != nil {
		return nil, err
	}
	front, edgeExports, err := declareEdge(ctx, d, s, p, behind{api: api, keys: keys, certificateARN: certificateARN, guard: guard})
	if err != nil {
		return nil, err
	}
	schedule, err := rotation.NewSchedule(ctx, "schedule", &rotation.ScheduleArgs{
		Deployment: d,
		Settings:   s.Rotation,
		Rotation:   keys,
		Target: rotation.Target{
			DistributionID:  front.DistributionID,
			DistributionARN: front.DistributionARN,
			DistributionURL: front.URL,
			OriginID:        edge.OriginID,
			APIID:           api.APIID,
			APIURL:          api.URL,
			APIStage:        httpapi.StageName,
			Attached:        front.attached,
		},
		Runbook: s.Observability.RunbookURL,
	}, onAWS)
	if err != nil {
		return nil, err
	}
	observed, err := declareObservability(ctx, d, s, watched{front.Edge, api, models.Function, keys, schedule, private}, pulumi.Provider(p.here))
	if err != nil {
		return nil, err
	}

	exports := pulumi.Map{
		"distributionUrl":        front.URL,
		"distributionDomainName": front.DomainName,
		"distributionId":         front.DistributionID,
		"apiUrl":                 api.URL,
		"apiId":                  api.APIID,
		"apiPrefix":              pulumi.String(s.Gateway.Prefix),
		"parameterPath":          pulumi.String(keys.Keyring.Path),
		"originHeaderName":       pulumi.String(s.Key.Header),
		"rotatorName":            keys.Rotator.Name,
		"rotationEvent":          schedule.Event,
		"alarmsTopicArn":         schedule.AlarmsTopic,
	}
	maps.Copy(exports, edgeExports)
	maps.Copy(exports, private.exports)
	maps.Copy(exports, observed)
	certificates, err := declareCertificates(ctx, d, s, private, p.protect)
	if err != nil {
		return nil, err
	}
	maps.Copy(exports, certificates)
	return exports, nil
}
