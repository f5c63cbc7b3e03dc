package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/model"
	"github.com/gatehouse-iac/gatehouse/internal/settings"
)

// declareModel makes the function behind the API, in the private network if the
// settings want it there.
func declareModel(ctx *pulumi.Context, d deployment.Deployment, s settings.Settings, inside private, p providers) (*model.Model, error) {
	args := &model.Args{Deployment: d, APIPrefix: s.Gateway.Prefix, Settings: s.Model}
	if s.Model.InVPC {
		args.Place = inside.place
	}
	if asksElsewhere(s) {
		there, err := deployment.NewProvider(ctx, "aws-model", s.Model.Region, p.protect)
		if err != nil {
			return nil, err
		}
		args.Lookup = pulumi.Provider(there)
	}
	return model.New(ctx, "model", args, p.kept(p.here))
}

// asksElsewhere reports whether there are inference profiles to look up in another
// region than the stack's. Nothing is made there.
func asksElsewhere(s settings.Settings) bool {
	if s.Model.Backend != settings.BackendBedrock || s.Model.Region == "" || s.Model.Region == s.Region {
		return false
	}
	for _, id := range s.Model.IDs() {
		if settings.IsInferenceProfile(id) {
			return true
		}
	}
	return false
}
