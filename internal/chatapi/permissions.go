package chatapi

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

// invoke is the action that authorizes Bedrock's operations Converse and InvokeModel, and
// invokeAndStream has the one for ConverseStream as well.
var (
	invoke          = []string{"bedrock:InvokeModel"}
	invokeAndStream = []string{"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"}
)

// clientPolicies returns the policy with which the function behind the HTTP API, or the one
// that streams, uses the table of clients.
func (a *Args) clientPolicies(streams bool) []function.Policy {
	switch {
	case a.Clients == nil:
		return nil
	case streams:
		return []function.Policy{{Name: "clients-policy", Statements: a.Clients.StreamStatements()}}
	}
	return []function.Policy{{Name: "clients-policy", Statements: a.Clients.Statements()}}
}

// statements allows requests to the models of the settings: of the function behind the HTTP
// API, or of the one that streams, which serves no embeddings. profiles are the inference
// profiles among the models, by id.
func (a *Args) statements(profiles map[string]profile, streams bool) []iampolicy.Statement {
	if a.Settings.Backend == lambdaenv.BackendOpenAI {
		return a.readKey()
	}
	actions := invoke
	if streams {
		actions = invokeAndStream
	}
	converse := iampolicy.Statement{Sid: "InvokeModels", Actions: actions, Conditions: a.throughGuardrail()}
	// Bedrock applies no guardrail to embeddings, and rejects requests for them with one.
	embed := iampolicy.Statement{Sid: "InvokeEmbeddingModels", Actions: invoke}
	var foundations []iampolicy.Statement
	for i, id := range a.Settings.IDs() {
		p, isProfile := profiles[id]
		if !isProfile {
			p = profile{arn: a.foundationModelARN(id), foundation: id}
		}
		if streams && modelid.IsEmbedding(p.foundation) {
			continue
		}
		if isProfile {
			foundations = append(foundations, p.invokeModels(fmt.Sprintf("InvokeModelOfProfile%d", i), actions))
		}
		statement := &converse
		if modelid.IsEmbedding(p.foundation) {
			statement = &embed
		}
		statement.Resources = append(statement.Resources, pulumi.String(p.arn))
	}
	var statements []iampolicy.Statement
	for _, statement := range []iampolicy.Statement{converse, embed} {
		if len(statement.Resources) > 0 {
			statements = append(statements, statement)
		}
	}
	statements = append(statements, foundations...)
	if a.Settings.Guardrail.ID != "" {
		statements = append(statements, iampolicy.Statement{
			Sid:     "ApplyGuardrail",
			Actions: []string{"bedrock:ApplyGuardrail"},
			Resources: pulumi.StringArray{
				pulumi.String(a.guardrailARN()),
				pulumi.String(a.guardrailProfilesARN()),
			},
		})
	}
	return statements
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
