package clients_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
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

const item = "aws:dynamodb/tableItem:TableItem"

// While clients migrate, requests without a key are those of a client with no limit that
// a viewer would notice.
func TestAnonymousIsAClientWhileMigrating(t *testing.T) {
	made := run(t, lambdaenv.ClientAccessMigrating).Only(t, item)
	assert.Equal(t, "gatehouse-test-clients", made.Text("tableName"))
	assert.Equal(t, "pk", made.Text("hashKey"))
	assert.Equal(t, "sk", made.Text("rangeKey"))
	assert.JSONEq(t, `{
		"pk": {"S": "C#anonymous"}, "sk": {"S": "C"}, "rev": {"N": "1"}, "on": {"BOOL": true}, "inf": {"BOOL": true},
		"rpm": {"N": "24000"}, "par": {"N": "40"}, "h": {"M": {}}
	}`, made.Text("item"))

	var stored dynamo.Item
	require.NoError(t, json.Unmarshal([]byte(made.Text("item")), &stored))
	record, err := client.ParseItem(stored)
	require.NoError(t, err)
	assert.True(t, record.Policy.Enabled)
	assert.True(t, record.Policy.Budget.IsZero())
	assert.True(t, record.Policy.Allows("any"))
}

// A later deployment must not undo what operators and requests changed in the item.
func TestItemOfAnonymousIsOnlyCreated(t *testing.T) {
	made := run(t, lambdaenv.ClientAccessMigrating).Only(t, item)
	assert.Equal(t, []string{"item"}, made.Request.GetIgnoreChanges())
}

func TestAnonymousIsNoClientAfterTheMigration(t *testing.T) {
	assert.Empty(t, run(t, lambdaenv.ClientAccessKeys).OfType(item))
}

// policyOf returns the policy of a function with these statements in JSON.
func policyOf(t *testing.T, statements []iampolicy.Statement) string {
	t.Helper()
	values := pulumitest.Resolve(t, func(*pulumi.Context) (pulumi.Map, error) {
		return pulumi.Map{"policy": iampolicy.Document(statements...)}, nil
	})
	text, ok := values["policy"].(string)
	require.True(t, ok)
	return text
}

func TestFunctionsReachItemsByTheirKind(t *testing.T) {
	arn := pulumi.String("arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients").ToStringOutput()
	access := &clients.Access{Settings: settings(t, lambdaenv.ClientAccessKeys), TableARN: arn}
	policy := policyOf(t, access.Statements())
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
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "FindClients", "Effect": "Allow", "Action": ["dynamodb:GetItem"],
			"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"],
			"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["K#*", "J#*", "I#*", "C#*"]}}},
		{"Sid": "CountRequests", "Effect": "Allow", "Action": ["dynamodb:UpdateItem"],
			"Resource": ["arn:aws:dynamodb:eu-west-1:123456789012:table/gatehouse-test-clients"],
			"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["C#*"]}}}
	]}`, policyOf(t, access.AuthorizerStatements()))
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
	access := &clients.Access{TableARN: arn}
	policy := policyOf(t, append(access.Statements(), access.AuthorizerStatements()...))
	require.NoError(t, json.Unmarshal([]byte(policy), &document))
	require.NotEmpty(t, document.Statement)
	for _, s := range document.Statement {
		assert.NotEmpty(t, s.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
		for _, action := range s.Action {
			assert.Contains(t, []string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"}, action)
		}
	}
}

func runWithIssuers(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		d := pulumitest.Deployment(t)
		notifier, err := alerting.New(ctx, "alerting", &alerting.Args{Deployment: d, RunbookURL: "https://runbook.example"})
		if err != nil {
			return err
		}
		s := pulumitest.Configured(t, map[string]string{
			"clientAccess": lambdaenv.ClientAccessKeys, "oidcIssuers": `["corp=https://login.example.com|gatehouse"]`,
		})
		c, err := clients.New(ctx, "clients", &clients.Args{Deployment: d, Settings: s.Clients, Notifier: notifier})
		if err == nil {
			assert.Equal(t, []string{"issuers-errors"}, c.Alarms)
		}
		return err
	})
}

func TestWithoutIssuersNothingReadsKeys(t *testing.T) {
	recorder := run(t, lambdaenv.ClientAccessKeys)
	for _, kind := range []string{"aws:lambda/function:Function", "aws:scheduler/schedule:Schedule", "aws:lambda/invocation:Invocation", "aws:sqs/queue:Queue"} {
		assert.Empty(t, recorder.OfType(kind), kind)
	}
}

func TestIssuersAreReadEveryTenMinutes(t *testing.T) {
	recorder := runWithIssuers(t)
	f := recorder.Only(t, "aws:lambda/function:Function")
	assert.Equal(t, "gatehouse-test-issuers", f.Text("name"))
	assert.Equal(t, "corp=https://login.example.com|gatehouse", f.Text("environment.variables.GATEHOUSE_OIDC_ISSUERS"))
	assert.NotEmpty(t, f.Text("environment.variables.GATEHOUSE_CLIENTS_TABLE"))
	assert.False(t, f.Input("vpcConfig").IsObject(), "issuers are in the internet")

	s := recorder.Only(t, "aws:scheduler/schedule:Schedule")
	assert.Equal(t, "rate(10 minutes)", s.Text("scheduleExpression"))
	assert.Equal(t, "arn:aws:mock:::Function/clients-issuers", s.Text("target.arn"))
	assert.Equal(t, "{}", s.Text("target.input"))
	assert.Equal(t, "arn:aws:mock:::Queue/clients-issuers-schedule-dead-letters", s.Text("target.deadLetterConfig.arn"))

	first := recorder.Only(t, "aws:lambda/invocation:Invocation")
	assert.Equal(t, "corp=https://login.example.com|gatehouse", first.Text("triggers.issuers"), "other issuers are read at once too")
}

func TestTheReaderOfKeysMayStoreKeysOnly(t *testing.T) {
	policy := runWithIssuers(t).Named(t, "aws:iam/rolePolicy:RolePolicy", "clients-issuers-policy").Text("policy")
	var document struct {
		Statement []struct {
			Sid       string
			Action    []string
			Condition map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policy), &document))
	var stores int
	for _, s := range document.Statement {
		if strings.HasPrefix(s.Action[0], "dynamodb:") {
			stores++
			assert.Equal(t, []string{"dynamodb:PutItem"}, s.Action)
			assert.Equal(t, map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": {"I#*"}}}, s.Condition)
		}
	}
	assert.Equal(t, 1, stores)
}
