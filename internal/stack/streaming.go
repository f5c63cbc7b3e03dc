package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/restapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

// declareStreaming declares the REST API that streams responses, if the settings enable
// it. It needs the HTTP API's authorizer and the model's function.
func (c *components) declareStreaming(ctx *pulumi.Context, d deployment.Deployment, onAWS pulumi.ResourceOption) (err error) {
	s := c.settings
	if !s.Streaming.Enabled {
		return nil
	}
	c.streaming, err = restapi.New(ctx, "streaming", &restapi.Args{
		Deployment: d,
		Gateway:    s.Gateway,
		Key:        s.Key,
		Authorizer: c.api.Authorizer,
		Function:   c.model.Stream,
		Timeout:    s.Streaming.Timeout,
	}, onAWS)
	return err
}

// streamOrigin returns the distribution's second origin, nil without streaming.
func (c *components) streamOrigin() *edge.StreamOrigin {
	if c.streaming == nil {
		return nil
	}
	return &edge.StreamOrigin{DomainName: c.streaming.DomainName, Path: "/" + restapi.StageName, Paths: restapi.Paths}
}

// rotationTarget returns what the rotator changes and checks: the distribution, and the
// APIs of its origins.
func (c *components) rotationTarget(attached rotation.Attached) rotation.Target {
	target := rotation.Target{
		DistributionID:  c.edge.DistributionID,
		DistributionARN: c.edge.DistributionARN,
		DistributionURL: c.edge.URL,
		OriginID:        edge.OriginID,
		APIID:           c.api.APIID,
		APIURL:          c.api.URL,
		APIStage:        httpapi.StageName,
		Attached:        attached,
	}
	if c.streaming != nil {
		target.StreamOriginID = edge.StreamOriginID
		target.StreamAPIID, target.StreamAPIURL, target.StreamAPIStage = c.streaming.APIID, c.streaming.URL, restapi.StageName
	}
	return target
}
