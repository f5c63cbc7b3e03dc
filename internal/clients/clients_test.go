package clients_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const table = "aws:dynamodb/table:Table"

func settings(t *testing.T, access string) config.Clients {
	t.Helper()
	return pulumitest.Configured(t, map[string]string{"clientAccess": access}).Clients
}

func run(t *testing.T, access string, changes ...func(*clients.Args)) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		args := &clients.Args{Deployment: pulumitest.Deployment(t), Settings: settings(t, access)}
		for _, change := range changes {
			change(args)
		}
		_, err := clients.New(ctx, "clients", args)
		return err
	})
}

func TestTable(t *testing.T) {
	made := run(t, lambdaenv.ClientAccessKeys).Only(t, table)
	assert.Equal(t, map[string]any{
		"name":        "gatehouse-test-clients",
		"billingMode": "PAY_PER_REQUEST",
		"hashKey":     "pk", "rangeKey": "sk",
		"attributes":                []any{map[string]any{"name": "pk", "type": "S"}, map[string]any{"name": "sk", "type": "S"}},
		"ttl":                       map[string]any{"attributeName": "ttl", "enabled": true},
		"pointInTimeRecovery":       map[string]any{"enabled": true},
		"deletionProtectionEnabled": false,
	}, made.Input("").Mappable())
	assert.False(t, made.Request.GetRetainOnDelete())
}

func TestTableIsKeptIfConfigured(t *testing.T) {
	made := run(t, lambdaenv.ClientAccessKeys, func(a *clients.Args) {
		a.Deployment.Safeguards = config.Safeguards{Protect: true, RetainOnDelete: true}
	}).Only(t, table)
	assert.True(t, made.Input("deletionProtectionEnabled").BoolValue())
	assert.True(t, made.Request.GetRetainOnDelete())
}

// policyOf returns the statements of a function's policy in JSON.
func policyOf(t *testing.T, access *clients.Access) string {
	t.Helper()
	values := pulumitest.Resolve(t, func(*pulumi.Context) (pulumi.Map, error) {
		return pulumi.Map{"policy": iampolicy.Document(access.Statements()...)}, nil
	})
	text, ok := values["policy"].(string)
	require.True(t, ok)
	return text
}

func TestFunctionsReachItemsByTheirKind(t *testing.T) {
	arn := pulumi.String("arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients").ToStringOutput()
	policy := policyOf(t, &clients.Access{Settings: settings(t, lambdaenv.ClientAccessKeys), TableARN: arn})
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "FindClients", "Effect": "Allow", "Action": ["dynamodb:GetItem"],
			"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"],
			"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["K#*", "J#*", "I#*", "C#*"]}}},
		{"Sid": "CountRequests", "Effect": "Allow", "Action": ["dynamodb:UpdateItem"],
			"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"],
			"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["C#*", "U#*"]}}},
		{"Sid": "ShowUsage", "Effect": "Allow", "Action": ["dynamodb:Query"],
			"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"],
			"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["U#*"]}}}
	]}`, policy)
}

// ForAllValues is true of a request that names no partition key.
func TestEachActionNamesPartitionKeys(t *testing.T) {
	arn := pulumi.String("arn").ToStringOutput()
	var document struct {
		Statement []struct {
			Action    []string
			Condition map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policyOf(t, &clients.Access{TableARN: arn})), &document))
	require.NotEmpty(t, document.Statement)
	for _, s := range document.Statement {
		assert.NotEmpty(t, s.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
		for _, action := range s.Action {
			assert.Contains(t, []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"}, action)
		}
	}
}
