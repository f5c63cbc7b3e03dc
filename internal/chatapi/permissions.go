package chatapi

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/bedrock"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// invoke is the action that authorizes Bedrock's Converse operation.
var invoke = []string{"bedrock:InvokeModel"}

// statements returns the function's permissions.
func (c *API) statements(ctx *pulumi.Context, args *Args) ([]iampolicy.Statement, error) {
	if args.Settings.Backend == lambdaenv.BackendOpenAI {
		return args.readKey(), nil
	}
	invokeModels := iampolicy.Statement{Sid: "InvokeModels", Actions: invoke, Conditions: args.throughGuardrail()}
	statements := []iampolicy.Statement{}
	for i, id := range args.Settings.IDs() {
		if !config.IsInferenceProfile(id) {
			invokeModels.Resources = append(invokeModels.Resources, pulumi.String(args.foundationModelARN(id)))
			continue
		}
		profile, models, err := c.profile(ctx, args, id)
		if err != nil {
			return nil, err
		}
		invokeModels.Resources = append(invokeModels.Resources, pulumi.String(profile))
		models.Sid = fmt.Sprintf("InvokeModelOfProfile%d", i)
		statements = append(statements, models)
	}
	statements = append([]iampolicy.Statement{invokeModels}, statements...)
	if args.Settings.Guardrail.ID != "" {
		statements = append(statements, iampolicy.Statement{
			Sid:     "ApplyGuardrail",
			Actions: []string{"bedrock:ApplyGuardrail"},
			Resources: pulumi.StringArray{
				pulumi.String(args.guardrailARN()),
				pulumi.String(args.guardrailProfilesARN()),
			},
		})
	}
	return statements, nil
}

// profile returns the ARN of an inference profile, and a statement that allows to invoke
// its model in each of the profile's regions, through the profile only. AWS chooses the
// regions, and changes them.
func (c *API) profile(ctx *pulumi.Context, args *Args, id string) (string, iampolicy.Statement, error) {
	opts := []pulumi.InvokeOption{pulumi.Parent(c)}
	if args.Lookup != nil {
		opts = []pulumi.InvokeOption{args.Lookup}
	}
	found, err := bedrock.LookupInferenceProfile(ctx, &bedrock.LookupInferenceProfileArgs{InferenceProfileId: id}, opts...)
	if err != nil {
		return "", iampolicy.Statement{}, fmt.Errorf("looking up the inference profile %s of gatehouse:modelId or gatehouse:modelAllowedIds in %s: %w", id, args.region(), err)
	}
	statement := iampolicy.Statement{
		Actions: invoke,
		Conditions: []iampolicy.Condition{{
			Operator: "StringEquals", Key: "bedrock:InferenceProfileArn", Value: pulumi.String(found.InferenceProfileArn),
		}},
	}
	var arns []string
	for _, model := range found.Models {
		arns = append(arns, model.ModelArn)
	}
	if len(arns) == 0 {
		return "", iampolicy.Statement{}, fmt.Errorf("the inference profile %s has no models", id)
	}
	slices.Sort(arns) // AWS returns them in any order, which must not cause a change
	statement.Resources = pulumi.ToStringArray(arns)
	return found.InferenceProfileArn, statement, nil
}

// throughGuardrail returns the condition that models are invoked only with the guardrail,
// if there is one. For a draft, IAM's condition has the guardrail's ARN without a version.
func (a *Args) throughGuardrail() []iampolicy.Condition {
	if a.Settings.Guardrail.ID == "" {
		return nil
	}
	arn := a.guardrailARN()
	if version := a.Settings.Guardrail.Version; version != "DRAFT" {
		arn += ":" + version
	}
	return []iampolicy.Condition{{Operator: "StringEquals", Key: "bedrock:GuardrailIdentifier", Value: pulumi.String(arn)}}
}

// readKey allows reading the API key of the model's server. Parameter Store passes the
// parameter's ARN to KMS, so that any KMS key may be used for this parameter only.
func (a *Args) readKey() []iampolicy.Statement {
	name, d := a.Settings.Server.APIKeyParameter, a.Deployment
	if name == "" {
		return nil
	}
	parameter := pulumi.String(d.ARN("ssm", "parameter"+name))
	return []iampolicy.Statement{
		{Sid: "ReadServerKey", Actions: []string{"ssm:GetParameter"}, Resources: pulumi.StringArray{parameter}},
		{
			Sid:       "DecryptServerKey",
			Actions:   []string{"kms:Decrypt"},
			Resources: pulumi.StringArray{pulumi.String(d.ARN("kms", "key/*"))},
			Conditions: []iampolicy.Condition{
				{Operator: "StringEquals", Key: "kms:ViaService", Value: pulumi.Sprintf("ssm.%s.amazonaws.com", d.Region)},
				{Operator: "StringEquals", Key: "kms:EncryptionContext:PARAMETER_ARN", Value: parameter},
			},
		},
	}
}

func (a *Args) region() string {
	if a.Settings.Region != "" {
		return a.Settings.Region
	}
	return a.Deployment.Region
}

// foundationModelARN returns the ARN of a foundation model, without an account: foundation
// models belong to AWS.
func (a *Args) foundationModelARN(id string) string {
	return fmt.Sprintf("arn:%s:bedrock:%s::foundation-model/%s", a.Deployment.Partition, a.region(), id)
}

// guardrailProfilesARN matches the guardrail profiles, AWS's profiles for cross-Region
// inference that each guardrail of the standard tier uses, in each of its Regions. The
// guardrail's configuration determines the profile and its Regions, which the program
// doesn't know; the profiles have no effect without the guardrail.
func (a *Args) guardrailProfilesARN() string {
	return fmt.Sprintf("arn:%s:bedrock:*:%s:guardrail-profile/*", a.Deployment.Partition, a.Deployment.AccountID)
}

func (a *Args) guardrailARN() string {
	return fmt.Sprintf("arn:%s:bedrock:%s:%s:guardrail/%s", a.Deployment.Partition, a.region(), a.Deployment.AccountID, a.Settings.Guardrail.ID)
}
