package chatapi

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/bedrock"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

// profile is an inference profile of Bedrock.
type profile struct {
	arn        string
	foundation string   // id of its foundation model
	models     []string // ARNs of that model, one for each of the profile's Regions
}

// lookUpProfiles returns the inference profiles among the models of the settings, by id.
func (c *API) lookUpProfiles(ctx *pulumi.Context, args *Args) (map[string]profile, error) {
	found := map[string]profile{}
	if args.Settings.Backend != lambdaenv.BackendBedrock {
		return found, nil
	}
	for _, id := range args.Settings.IDs() {
		if !modelid.IsInferenceProfile(id) {
			continue
		}
		p, err := c.lookUpProfile(ctx, args, id)
		if err != nil {
			return nil, err
		}
		found[id] = p
	}
	return found, nil
}

func (c *API) lookUpProfile(ctx *pulumi.Context, args *Args, id string) (profile, error) {
	opts := []pulumi.InvokeOption{pulumi.Parent(c)}
	if args.Lookup != nil {
		opts = []pulumi.InvokeOption{args.Lookup}
	}
	found, err := bedrock.LookupInferenceProfile(ctx, &bedrock.LookupInferenceProfileArgs{InferenceProfileId: id}, opts...)
	if err != nil {
		return profile{}, fmt.Errorf("looking up the inference profile %s of gatehouse:modelId or gatehouse:modelAllowedIds in %s: %w", id, args.region(), err)
	}
	p := profile{arn: found.InferenceProfileArn}
	for _, model := range found.Models {
		p.models = append(p.models, model.ModelArn)
	}
	if len(p.models) == 0 {
		return profile{}, fmt.Errorf("the inference profile %s has no models", id)
	}
	slices.Sort(p.models) // AWS returns them in any order, which must not cause a change
	if p.foundation = modelid.OfFoundationARN(p.models[0]); p.foundation == "" {
		return profile{}, fmt.Errorf("the inference profile %s is for %s, which is no foundation model", id, p.models[0])
	}
	return p, nil
}

// invokeModels allows invoking the profile's model in each of the profile's Regions,
// through the profile only. AWS chooses the Regions, and changes them.
func (p profile) invokeModels(sid string, actions []string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       sid,
		Actions:   actions,
		Resources: pulumi.ToStringArray(p.models),
		Conditions: []iampolicy.Condition{{
			Operator: "StringEquals", Key: "bedrock:InferenceProfileArn", Value: pulumi.String(p.arn),
		}},
	}
}

// foundations returns the foundation models of application inference profiles, whose ARNs
// don't name them.
func foundations(profiles map[string]profile) map[string]string {
	all := map[string]string{}
	for id, p := range profiles {
		if modelid.IsApplicationProfile(id) {
			all[id] = p.foundation
		}
	}
	return all
}
