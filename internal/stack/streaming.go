package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/restapi"
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
