package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/fixture"
)

const (
	clientsName   = "gatehouse-bench-clients"
	clientsPolicy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["bedrock:InvokeModel", "dynamodb:GetItem", "dynamodb:UpdateItem"], "Resource": "*"}]}`

	clientsRequests = 600 // of each function, in turns
	clientsWarm     = 20

	// The goals for what a client's admission and settlement add to a request, in
	// milliseconds.
	clientsGoal     = 10
	clientsTailGoal = 40
)

// Admission has what is measured of the admission of clients' requests.
type Admission struct {
	Endpoint string // of the sandbox's AWS
	Function string // that serves the API
	Program  string // its bootstrap
	Prefix   string // of the API
	Key      secret.Text
}

// admitting is a copy of the function, with or without clients.
type admitting struct {
	name, function string
	times          []float64 // ms
}

// Clients measures a request of a client beside one to the same function with an open API.
func Clients(ctx context.Context, a Admission, doing func(string)) (rows []Row, err error) {
	config := awsclient.Config(a.Endpoint)
	api, maker := lambda.NewFromConfig(config), fixture.New(config, clientsName)
	defer func() { err = errors.Join(err, maker.Remove(ctx)) }()
	doing("deploying")
	clients, open, err := a.deploy(ctx, api, maker)
	if err != nil {
		return nil, err
	}
	payload, err := a.event()
	if err != nil {
		return nil, err
	}
	both := []*admitting{clients, open}
	for n := range clientsWarm + clientsRequests {
		if n%100 == 0 {
			doing(fmt.Sprintf("request %d of %d", n, clientsWarm+clientsRequests))
		}
		for _, at := range rand.Perm(len(both)) {
			began := time.Now()
			if err := both[at].invoke(ctx, api, payload); err != nil {
				return nil, err
			}
			if n >= clientsWarm {
				both[at].times = append(both[at].times, milliseconds(time.Since(began)))
			}
		}
	}
	return clientsRows(clients, open), nil
}

func clientsRows(clients, open *admitting) []Row {
	var rows []Row
	for _, share := range []struct {
		name     string
		of, goal float64
	}{{"p50", 0.5, clientsGoal}, {"p99", 0.99, clientsTailGoal}} {
		ours, theirs := quantile(clients.times, share.of), quantile(open.times, share.of)
		rows = append(rows,
			Row{Figure: "a client's request, " + share.name, Unit: "ms", Ours: ours, Beside: open.name, Theirs: theirs},
			Row{Figure: "added by its admission and settlement, " + share.name, Unit: "ms", Ours: ours - theirs, Goal: atMost(share.goal)})
	}
	return rows
}

// deploy makes two copies of the function: one as it is deployed, and one with an open API.
func (a Admission) deploy(ctx context.Context, api *lambda.Client, maker *fixture.Maker) (clients, open *admitting, err error) {
	deployed, err := api.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &a.Function})
	if err != nil {
		return nil, nil, err
	}
	variables := deployed.Environment.Variables
	if variables[lambdaenv.ClientAccessVariable] == "" {
		return nil, nil, fmt.Errorf("the function %s has an open API: deploy with gatehouse:clientAccess set to keys", a.Function)
	}
	files, err := fixture.Program(a.Program)
	if err != nil {
		return nil, nil, err
	}
	role, err := maker.Role(ctx, clientsPolicy)
	if err != nil {
		return nil, nil, err
	}
	without := maps.Clone(variables)
	for _, name := range []string{lambdaenv.ClientAccessVariable, lambdaenv.ClientsTableVariable, lambdaenv.ModelPricesVariable, lambdaenv.ClientUsageDaysVariable} {
		delete(without, name)
	}
	clients, open = &admitting{name: "with clients"}, &admitting{name: "open"}
	clients.function, _, err = maker.Function(ctx, fixture.Function{Name: "keys", Role: role, Files: files, Environment: variables})
	if err != nil {
		return nil, nil, err
	}
	open.function, _, err = maker.Function(ctx, fixture.Function{Name: "open", Role: role, Files: files, Environment: without})
	return clients, open, err
}

// event returns the event of a request with a client's key.
func (a Admission) event() ([]byte, error) {
	path := a.Prefix + "/models"
	return json.Marshal(map[string]any{
		"version": "2.0", "routeKey": "POST " + path, "rawPath": path,
		"headers": map[string]string{"content-type": "application/json", "authorization": "Bearer " + a.Key.Reveal()},
		"requestContext": map[string]any{
			"requestId": "bench-clients", "http": map[string]string{"method": http.MethodPost, "path": path},
			"authorizer": map[string]any{"lambda": map[string]string{"originKey": "bench"}},
		},
		"body": `{"messages":[{"role":"user","content":"Hello"}]}`,
	})
}

func (a *admitting) invoke(ctx context.Context, api *lambda.Client, payload []byte) error {
	got, err := api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &a.function, Payload: payload})
	if err != nil {
		return err
	}
	var response struct{ StatusCode int }
	if err := json.Unmarshal(got.Payload, &response); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %.300q, %w", a.name, got.Payload, err)
	}
	return nil
}
