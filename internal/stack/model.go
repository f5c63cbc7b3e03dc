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
func declareModel(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, private privateNetwork, p providers) (*chatapi.API, error) {
	args := &chatapi.Args{Deployment: d, APIPrefix: s.Gateway.Prefix, Settings: s.Model}
	if s.Streaming.Enabled {
		args.Streaming = &chatapi.Streaming{Settings: s.Streaming, AnswerTimeout: s.AnswerTimeout()}
	}
	if s.Model.InVPC {
		args.VPC = private.vpcConfig(s.Inference)
	}
	if looksUpInAnotherRegion(s) {
		provider, err := deployment.NewProvider(ctx, "aws-model", s.Model.Region, p.protect)
		if err != nil {
			return nil, err
		}
		args.Lookup = pulumi.Provider(provider)
	}
	return chatapi.New(ctx, "model", args, p.protected(p.regional))
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
