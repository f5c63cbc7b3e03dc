package chatapi

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/bedrock"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// invoke is what Bedrock's Converse is authorized as.
var invoke = []string{"bedrock:InvokeModel"}

// statements are what the function may do.
func (c *API) statements(ctx *pulumi.Context, args *Args) ([]iampolicy.Statement, error) {
	if args.Settings.Backend == config.BackendOpenAI {
		return args.readKey(), nil
	}
	models := iampolicy.Statement{Sid: "InvokeModels", Actions: invoke, Conditions: args.throughGuardrail()}
	statements := []iampolicy.Statement{}
	for i, id := range args.Settings.IDs() {
		if !config.IsInferenceProfile(id) {
			models.Resources = append(models.Resources, pulumi.String(args.foundationModelARN(id)))
			continue
		}
		profile, behind, err := c.profile(ctx, args, id)
		if err != nil {
			return nil, err
		}
		models.Resources = append(models.Resources, pulumi.String(profile))
		behind.Sid = fmt.Sprintf("InvokeModelOfProfile%d", i)
		statements = append(statements, behind)
	}
	statements = append([]iampolicy.Statement{models}, statements...)
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

// profile returns the ARN of an inference profile, and what it takes to invoke the
// model in each of the profile's regions, through the profile only. Which regions
// those are is for AWS to say, and changes.
func (c *API) profile(ctx *pulumi.Context, args *Args, id string) (string, iampolicy.Statement, error) {
	opts := []pulumi.InvokeOption{pulumi.Parent(c)}
	if args.Lookup != nil {
		opts = []pulumi.InvokeOption{args.Lookup}
	}
	found, err := bedrock.LookupInferenceProfile(ctx, &bedrock.LookupInferenceProfileArgs{InferenceProfileId: id}, opts...)
	if err != nil {
		return "", iampolicy.Statement{}, fmt.Errorf("looking up the inference profile %s of gatehouse:modelId or gatehouse:modelAllowedIds in %s: %w", id, args.region(), err)
	}
	behind := iampolicy.Statement{
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
	slices.Sort(arns) // AWS promises no order, and another is no change
	behind.Resources = pulumi.ToStringArray(arns)
	return found.InferenceProfileArn, behind, nil
}

// throughGuardrail is the condition that nothing is asked without the guardrail, if
// there is one. IAM knows the draft by the guardrail's ARN alone.
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

// readKey allows reading the key of the model's server. Parameter Store names the
// parameter to KMS, so that whichever key it is encrypted with decrypts nothing else.
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

// foundationModelARN leaves the account empty: foundation models belong to AWS.
func (a *Args) foundationModelARN(id string) string {
	return fmt.Sprintf("arn:%s:bedrock:%s::foundation-model/%s", a.Deployment.Partition, a.region(), id)
}

// guardrailProfilesARN is of what a guardrail for cross-Region inference works through,
// as each of the standard tier does: a profile of AWS's, in every Region that it leads
// to. Which profile the guardrail has, and where that leads, is for others to say, and
// the profiles judge nothing without the guardrail.
func (a *Args) guardrailProfilesARN() string {
	return fmt.Sprintf("arn:%s:bedrock:*:%s:guardrail-profile/*", a.Deployment.Partition, a.Deployment.AccountID)
}

func (a *Args) guardrailARN() string {
	return fmt.Sprintf("arn:%s:bedrock:%s:%s:guardrail/%s", a.Deployment.Partition, a.region(), a.Deployment.AccountID, a.Settings.Guardrail.ID)
}
