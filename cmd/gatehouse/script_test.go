package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gatehouse": gatehouseAtNoon,
		"pulumi":    pulumiStub,
	})
}

// TestScripts runs the cases in testdata/script.
func TestScripts(t *testing.T) {
	account := httptest.NewServer(http.HandlerFunc(accountStub))
	t.Cleanup(account.Close)
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(env *testscript.Env) error {
		env.Setenv("AWS_ENDPOINT_URL", account.URL)
		env.Setenv("AWS_ACCESS_KEY_ID", "test")
		env.Setenv("AWS_SECRET_ACCESS_KEY", "test")
		env.Setenv("AWS_MAX_ATTEMPTS", "1")
		env.Setenv("AWS_REGION", "eu-west-1")
		table := httptest.NewServer(&tableServer{"gatehouse-prod-clients", scriptTable(env)})
		env.Defer(table.Close)
		env.Setenv("AWS_ENDPOINT_URL_DYNAMODB", table.URL)
		return nil
	}})
}

// scriptTable returns the table of a script, with the items of its file items.json.
func scriptTable(env *testscript.Env) *dynamotest.Table {
	table := dynamotest.New()
	content, err := os.ReadFile(filepath.Join(env.WorkDir, "items.json"))
	if err != nil {
		return table
	}
	var items []dynamo.Item
	if err := json.Unmarshal(content, &items); err != nil {
		panic(err)
	}
	table.Put(items...)
	return table
}

// noon is the time at which scripts run.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// gatehouseAtNoon is main with another clock.
func gatehouseAtNoon() {
	c := systemConsole()
	c.now = func() time.Time { return noon }
	if err := run(context.Background(), os.Args[1:], c); err != nil {
		fmt.Fprintln(os.Stderr, "gatehouse:", err)
		os.Exit(1)
	}
}

// accountStub stands in for Lambda, with the quotas of an account in each Region: the
// signature of a request has the Region. For EC2, see networkStub.
func accountStub(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Authorization"), "/ec2/") {
		networkStub(w, r)
		return
	}
	quotas := map[string]string{
		"us-east-1": `{"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 890}}`,
		"eu-west-1": `{"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}`,
	}
	for region, quota := range quotas {
		if strings.Contains(r.Header.Get("Authorization"), "/"+region+"/lambda/") {
			_, _ = io.WriteString(w, quota)
			return
		}
	}
	w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, `{"Message": "not authorized to perform: lambda:GetAccountSettings"}`)
}

// networkStub stands in for EC2. Of its VPCs, vpc-with has a gateway endpoint of DynamoDB for
// its one table, and vpc-without has none. Other VPCs may not be read.
func networkStub(w http.ResponseWriter, r *http.Request) {
	table := func(routes string) string {
		return `<DescribeRouteTablesResponse><routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet>` +
			`<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><state>active</state></item>` +
			`<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><state>blackhole</state></item>` + routes +
			`</routeSet><associationSet><item><main>true</main></item></associationSet></item></routeTableSet></DescribeRouteTablesResponse>`
	}
	responses := map[string]string{
		"com.amazonaws.us-east-1.dynamodb": `<DescribePrefixListsResponse><prefixListSet><item><prefixListId>pl-1</prefixListId></item></prefixListSet></DescribePrefixListsResponse>`,
		"vpc-with":                         table(`<item><destinationPrefixListId>pl-1</destinationPrefixListId><state>active</state></item>`),
		"vpc-without":                      table(""),
	}
	if response, known := responses[r.FormValue("Filter.1.Value.1")]; known {
		_, _ = io.WriteString(w, response)
		return
	}
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message></Error></Errors></Response>`)
}

// pulumiStub stands in for Pulumi. For the command `stack`, for example, it prints the files
// stack.stdout and stack.stderr of the working directory, fails if there is the latter or
// stack.fails, and adds the command to the file commands.
func pulumiStub() {
	command := os.Args[1]
	log, err := os.OpenFile("commands", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, _ = log.WriteString(command + "\n")
	stdout, _ := os.ReadFile(command + ".stdout")
	_, _ = os.Stdout.Write(stdout)
	stderr, _ := os.ReadFile(command + ".stderr")
	_, _ = os.Stderr.Write(stderr)
	_, err = os.Stat(command + ".fails")
	if len(stderr) > 0 || err == nil {
		os.Exit(255)
	}
}
