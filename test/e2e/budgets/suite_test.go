package budgets

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// prices make some requests cost a dollar, so that a budget of few dollars is used up.
var prices = price.Price{Input: 1000 * price.Dollar, Output: 4000 * price.Dollar}

// pricesSetting is the same as the setting has it.
var pricesSetting = []string{
	scriptedmodel.Model + "=1000/4000/1000/1000",
}

// Functions that serve the API.
var functions = []string{"gatehouse-" + pulumicli.StackName + "-model", "gatehouse-" + pulumicli.StackName + "-model-stream"}

// suite is the stack with a model that counts.
type suite struct {
	env   *env.Environment
	cloud awsclient.Controls
	admin clientadmin.Admin
	table *dynamo.Client
	meter *meter
}

// attach returns the suite on the running stack, whose backend is a model that counts what
// each client uses until the test ends.
func attach(t *testing.T) *suite {
	t.Helper()
	e := e2etest.Attach(t)
	if e.ClientKey.IsZero() {
		t.Fatal("the stack is open: set gatehouse:clientAccess to keys, and run `make local`")
	}
	m, url := startMeter(t)
	e = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelBackend": "openai", "gatehouse:modelBaseUrl": url,
		"gatehouse:modelId": scriptedmodel.Model, "gatehouse:modelAllowedIds": []string{},
		"gatehouse:modelPrices": pricesSetting,
	})
	endpoint, table := e.Servers.Cloud.Endpoint(), e.Outputs[env.ClientsTableOutput]
	s := &suite{
		env: e, cloud: awsclient.Controls{Endpoint: endpoint}, meter: m,
		admin: localclient.Admin(endpoint, table), table: localclient.Table(endpoint, table),
	}
	e2etest.Cleanup(t, "remove the faults", func(ctx context.Context) error { return s.cloud.SetFaults(ctx, nil) })
	return s
}

// customer is a client with its key.
type customer struct {
	name  string
	key   credential.Key
	limit client.Budget
}

// newCustomers makes clients, which are deleted when the test ends.
func (s *suite) newCustomers(t *testing.T, count int, budget func(int) string) []customer {
	t.Helper()
	all := make([]customer, count)
	for i := range all {
		all[i] = s.newCustomer(t, fmt.Sprintf("client-%d", i), budget(i))
	}
	return all
}

func (s *suite) newCustomer(t *testing.T, name, budget string) customer {
	t.Helper()
	var random [credential.RandomSize]byte
	_, _ = rand.Read(random[:])
	c := customer{name: name, key: credential.New(random)}
	change, err := clientadmin.ParseChange(name, map[string]string{
		clientadmin.BudgetFlag: budget, clientadmin.PerMinuteFlag: fmt.Sprint(client.MaxPerMinute), clientadmin.AtOnceFlag: fmt.Sprint(client.MaxAtOnce),
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.limit = *change.Budget
	if _, err := s.admin.Create(t.Context(), name, change); err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete client "+name, func(ctx context.Context) error {
		_, err := s.admin.Delete(ctx, name, true)
		return err
	})
	if _, err := s.admin.AddKey(t.Context(), name, c.key.Digest(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// allowed returns the most that a client may have used since a time, in the windows of its
// budget that there were.
func (c customer) allowed(since time.Time) int64 {
	if c.limit.Counter(since) != c.limit.Counter(time.Now()) {
		return 2 * c.limit.Limit
	}
	return c.limit.Limit
}

func (c customer) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + c.key.Reveal()}}
}

// record returns a client's record.
func (s *suite) record(t *testing.T, name string) client.Record {
	t.Helper()
	r, _, err := s.admin.Client(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// used returns what the table says that a client has used and holds.
func (s *suite) used(t *testing.T, c customer) int64 {
	t.Helper()
	var sum int64
	for _, used := range s.record(t, c.name).Used {
		sum += used
	}
	return sum
}

// truth returns what a client has used of the model, in the unit of its budget.
func (s *suite) truth(c customer) int64 {
	usage, _ := s.meter.of(c.name)
	if c.limit.Unit == client.Tokens {
		return usage.Total()
	}
	return int64(prices.Cost(usage))
}
