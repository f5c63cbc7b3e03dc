package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

// declareModel declares the function behind the API, in the private network if the
// settings want it there.
func (c *components) declareModel(ctx *pulumi.Context, d deployment.Deployment, p providers) (err error) {
	s := c.settings
	args := &chatapi.Args{Deployment: d, APIPrefix: s.Gateway.Prefix, Playground: s.Gateway.Playground, Settings: s.Model, Clients: c.clientsAccess()}
	if s.Streaming.Enabled {
		args.Streaming = &chatapi.Streaming{Settings: s.Streaming, AnswerTimeout: s.AnswerTimeout()}
	}
	if s.Model.InVPC {
		args.VPC = c.private.vpcConfig(s.Inference)
	}
	if looksUpInAnotherRegion(s) {
		provider, err := deployment.NewProvider(ctx, "aws-model", s.Model.Region, p.protect)
		if err != nil {
			return err
		}
		args.Lookup = pulumi.Provider(provider)
	}
	c.model, err = chatapi.New(ctx, "model", args, p.protected(p.regional))
	return err
}

// looksUpInAnotherRegion reports whether there are inference profiles to look up in
// another region than the stack's. No resource is created there.
func looksUpInAnotherRegion(s config.Settings) bool {
	if s.Model.Backend != lambdaenv.BackendBedrock || s.Model.Region == "" || s.Model.Region == s.Region {
		return false
	}
	for _, id := range s.Model.IDs() {
		if modelid.IsInferenceProfile(id) {
			return true
		}
	}
	return false
}
