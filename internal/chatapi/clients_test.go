package chatapi_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const clientsTableARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"

// withClients gives the function the table of clients.
func withClients(t *testing.T) func(*chatapi.Args) {
	t.Helper()
	micro, err := price.ParsePrice("0.035/0.14")
	assert.NoError(t, err)
	other, err := price.ParsePrice("3/15/0.30/3.75")
	assert.NoError(t, err)
	return func(a *chatapi.Args) {
		a.Clients = &clients.Access{
			Settings: config.Clients{
				Access: lambdaenv.ClientAccessMigrating, UsageDays: 90,
				Prices: price.Table{"amazon.nova-micro-v1:0": micro, pulumitest.ChatProfileARN: other},
			},
			TableName: pulumi.String("gatehouse-test-clients").ToStringOutput(),
			TableARN:  pulumi.String(clientsTableARN).ToStringOutput(),
		}
	}
}

func TestFunctionKnowsTheTableOfClients(t *testing.T) {
	recorder := run(t, withClients(t), func(a *chatapi.Args) { a.Settings.Others = []string{pulumitest.ChatProfileARN} })
	got := variables(t, recorder)
	assert.Equal(t, "migrating", got["GATEHOUSE_CLIENT_ACCESS"])
	assert.Equal(t, "gatehouse-test-clients", got["GATEHOUSE_CLIENTS_TABLE"])
	assert.Equal(t, "90", got["GATEHOUSE_CLIENT_USAGE_DAYS"])
	assert.Equal(t, "amazon.nova-micro-v1:0=0.035/0.14,"+pulumitest.ChatProfileARN+"=3/15/0.30/3.75", got["GATEHOUSE_MODEL_PRICES"])
	env, err := lambdaenv.ParseModel(func(name string) (string, bool) { value, ok := got[name]; return value, ok })
	assert.NoError(t, err)
	assert.True(t, env.HasClients())
}

// Only the function's models are in its environment, whose size is limited.
func TestFunctionKnowsPricesOfItsModelsOnly(t *testing.T) {
	assert.Equal(t, "amazon.nova-micro-v1:0=0.035/0.14", variables(t, run(t, withClients(t)))["GATEHOUSE_MODEL_PRICES"])
}

// The function behind the HTTP API and the one that streams serve the same clients.
func TestBothFunctionsMayUseTheTable(t *testing.T) {
	const counts = `"Action":["dynamodb:UpdateItem"],"Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["C#*","U#*"]}},` +
		`"Effect":"Allow","Resource":["` + clientsTableARN + `"]`
	clientsPolicy := func(recorder *pulumitest.Recorder) string {
		return recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "model-function-clients-policy").Text("policy")
	}
	assert.Contains(t, clientsPolicy(run(t, withClients(t))), counts)
	f, streaming := streamed(t, withClients(t))
	assert.Contains(t, streaming, counts)
	assert.NotContains(t, streaming, "dynamodb:Query", "the HTTP API alone shows a client's usage")
	assert.Equal(t, "gatehouse-test-clients", f.Text("environment.variables.GATEHOUSE_CLIENTS_TABLE"))

	server := openAI(config.Server{BaseURL: "http://10.0.16.25:8000/v1"})
	recorder := run(t, server, withClients(t), func(a *chatapi.Args) { a.Clients.Settings.Prices["llama3.2:1b"] = price.Price{} })
	assert.Contains(t, clientsPolicy(recorder), counts)
	assert.Equal(t, "llama3.2:1b=0/0", variables(t, recorder)["GATEHOUSE_MODEL_PRICES"])
}

func TestOpenAPIsFunctionKnowsNoTable(t *testing.T) {
	recorder := run(t)
	assert.NotContains(t, policyOf(recorder, t), "dynamodb:")
	for name := range variables(t, recorder) {
		assert.NotContains(t, name, "CLIENT")
		assert.NotContains(t, name, "PRICES")
	}
}

// DynamoDB has a gateway endpoint, which needs a rule for its public addresses.
func TestFunctionInAVPCReachesDynamoDBIfThereAreClients(t *testing.T) {
	rule := func(changes ...func(*chatapi.Args)) pulumitest.Registration {
		return run(t, changes...).Named(t, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "model-to-dynamodb")
	}
	existing := rule(inVPC(false), withClients(t))
	assert.Equal(t, "pl-of-com.amazonaws.eu-west-1.dynamodb", existing.Text("prefixListId"))
	assert.InDelta(t, 443, existing.Input("fromPort").NumberValue(), 0)
	assert.InDelta(t, 443, existing.Input("toPort").NumberValue(), 0)
	assert.True(t, existing.Input("cidrIpv4").IsNull())

	own := rule(inVPC(true), withClients(t), func(a *chatapi.Args) { a.VPC.Attachment.DynamoDBPrefixListID = pulumi.String("pl-1") })
	assert.Equal(t, "pl-1", own.Text("prefixListId"))

	recorder := run(t, inVPC(false))
	assert.NotContains(t, recorder.Calls(), "aws:ec2/getPrefixList:getPrefixList")
	for _, r := range recorder.All() {
		assert.NotEqual(t, "model-to-dynamodb", r.Name)
	}
}
