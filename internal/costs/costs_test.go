package costs

import (
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func list(t *testing.T) Prices {
	t.Helper()
	p, err := ListPrices()
	require.NoError(t, err)
	return p
}

func resource(typ string, inputs map[string]property.Value) Resource {
	return Resource{Type: typ, Inputs: property.NewMap(inputs)}
}

func texts(values ...string) property.Value {
	var all []property.Value
	for _, value := range values {
		all = append(all, property.New(value))
	}
	return property.New(all)
}

func lambda(name string, memory float64) Resource {
	return resource("aws:lambda/function:Function", map[string]property.Value{
		"name": property.New("stack-" + name), "memorySize": property.New(memory), "architectures": texts("arm64"),
	})
}

func find(t *testing.T, items []Item, what string) Item {
	t.Helper()
	for _, item := range items {
		if item.What == what {
			return item
		}
	}
	require.Failf(t, "no such line", "%s in %v", what, items)
	return Item{}
}

func TestPricesHaveDateAndSource(t *testing.T) {
	p := list(t)
	_, err := time.Parse(time.DateOnly, p.AsOf)
	require.NoError(t, err)
	for name, price := range p.Prices {
		assert.Positive(t, price.USD, name)
		assert.NotEmpty(t, price.Per, name)
		assert.Regexp(t, `^https://aws\.amazon\.com/.+/pricing/$`, price.Source, name)
	}
}

func TestAtRest(t *testing.T) {
	metric := property.New(map[string]property.Value{"metric": property.New(map[string]property.Value{"metricName": property.New("x")})})
	expression := property.New(map[string]property.Value{"expression": property.New("a + b")})
	items, err := list(t).AtRest([]Resource{
		resource("aws:kms/key:Key", nil),
		resource("aws:cloudwatch/metricAlarm:MetricAlarm", map[string]property.Value{"metricName": property.New("x")}),
		resource("aws:cloudwatch/metricAlarm:MetricAlarm", map[string]property.Value{"metricQueries": property.New([]property.Value{expression, metric, metric})}),
		resource("aws:ec2/natGateway:NatGateway", nil),
		resource("aws:ec2/natGateway:NatGateway", nil),
		resource("aws:ec2/vpcEndpoint:VpcEndpoint", map[string]property.Value{"vpcEndpointType": property.New("Interface"), "subnetIds": texts("a", "b", "c")}),
		resource("aws:ec2/vpcEndpoint:VpcEndpoint", map[string]property.Value{"vpcEndpointType": property.New("Gateway")}),
		resource("aws:wafv2/webAcl:WebAcl", map[string]property.Value{"rules": texts("a", "b")}),
		resource("aws:iam/role:Role", nil),
		resource("aws:scheduler/schedule:Schedule", map[string]property.Value{"scheduleExpression": property.New("rate(5 minutes)")}),
		lambda("rotator", 128),
	})
	require.NoError(t, err)
	assert.InDelta(t, 1, find(t, items, "KMS key").USD, 1e-9)
	assert.InDelta(t, 3, find(t, items, "Alarms").Quantity, 0)
	assert.InDelta(t, 0.3, find(t, items, "Alarms").USD, 1e-9)
	assert.InDelta(t, 65.7, find(t, items, "NAT gateways").USD, 1e-9)
	assert.InDelta(t, 21.9, find(t, items, "Interface endpoints").USD, 1e-9)
	assert.InDelta(t, 7, find(t, items, "Web ACL").USD+find(t, items, "Web ACL's rules").USD, 1e-9)
	assert.InDelta(t, 8760, find(t, items, "Rotator's runs").Quantity, 0)
	// 8760 runs: scheduler, requests and 1.5 s at 1/8 GB each, two decryptions, 2 kB of log.
	assert.InDelta(t, 0.00876+0.001752+0.0219+0.05256+0.00876, find(t, items, "Rotator's runs").USD, 1e-4)
}

func TestUnknownPricesAreErrors(t *testing.T) {
	_, err := list(t).AtRest([]Resource{resource("aws:rds/instance:Instance", nil)})
	require.ErrorContains(t, err, "the price of aws:rds/instance:Instance at rest is unknown")
	_, err = list(t).AtRest([]Resource{resource("aws:scheduler/schedule:Schedule", map[string]property.Value{"scheduleExpression": property.New("cron(0 0 * * ? *)")})})
	require.ErrorContains(t, err, "cron")
}

func TestPerMillion(t *testing.T) {
	stack := []Resource{lambda("model", 256), lambda("authorizer", 256), resource("aws:cloudfront/function:Function", nil)}
	r := Request{BytesIn: 1000, BytesOut: 2000, TokensIn: 300, TokensOut: 200, ModelSeconds: 2, Log: 1000}
	items, err := list(t).PerMillion(stack, r, 5*time.Minute, 730*time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 1, find(t, items, "CloudFront, requests").USD, 1e-9)
	assert.InDelta(t, 0.17, find(t, items, "CloudFront, to viewers").USD, 1e-9)
	assert.InDelta(t, 0.02, find(t, items, "CloudFront, to the API").USD, 1e-9)
	assert.InDelta(t, 0.1, find(t, items, "CloudFront Functions").USD, 1e-9)
	assert.InDelta(t, 8760, find(t, items, "Authorizer").Quantity, 0)
	assert.InDelta(t, 0.2+0.5*1e6*0.0000133334, find(t, items, "Model's function").USD, 1e-6)
	assert.InDelta(t, 10.5, find(t, items, "Amazon Nova Micro, tokens in").USD, 1e-9)
	assert.InDelta(t, 28, find(t, items, "Amazon Nova Micro, tokens out").USD, 1e-9)
	assert.InDelta(t, 0.53, find(t, items, "Logs, until they end").USD, 1e-9)

	always, err := list(t).PerMillion(stack, r, 0, 730*time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 1e6, find(t, always, "Authorizer").Quantity, 0)
}

func TestIssuersAtRest(t *testing.T) {
	items, err := list(t).AtRest([]Resource{lambda("issuers", 128), resource("aws:scheduler/schedule:Schedule", map[string]property.Value{
		"name": property.New("read-keys"), "scheduleExpression": property.New("rate(10 minutes)"),
	})})
	require.NoError(t, err)
	reads := find(t, items, "Reads of issuers' keys")
	assert.InDelta(t, 4380, reads.Quantity, 0)
	assert.InDelta(t, 4380*(24*0.625e-6+1e-6)+4380*(0.2e-6+0.125*0.0000133334)+4380*1e3/1e9*0.53, reads.USD, 0.003)
}

func TestStreamedPerMillion(t *testing.T) {
	stack := []Resource{lambda("model", 512), lambda("model-stream", 256), lambda("authorizer", 256)}
	r := Request{BytesIn: 1000, BytesOut: 1e6, TokensIn: 300, TokensOut: 1000, ModelSeconds: 60, Log: 1000}
	items, err := list(t).StreamedPerMillion(stack, r, 5*time.Minute, 730*time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 3.5, find(t, items, "REST API").USD, 1e-9)
	assert.InDelta(t, 0.2+60*0.25*1e6*0.0000133334, find(t, items, "Function that streams").USD, 1e-6)
	assert.InDelta(t, 8760, find(t, items, "Authorizer").Quantity, 0)
	assert.Zero(t, find(t, items, "Streamed beyond 6 MB").USD)
	for _, item := range items {
		assert.NotEqual(t, "HTTP API", item.What)
	}

	r.BytesOut = 26e6
	items, err = list(t).StreamedPerMillion(stack, r, 5*time.Minute, 730*time.Hour)
	require.NoError(t, err)
	assert.InDelta(t, 3*3.5, find(t, items, "REST API").USD, 1e-9, "one request for each 10 MB")
	assert.InDelta(t, 20e3*0.008, find(t, items, "Streamed beyond 6 MB").USD, 1e-9)

	_, err = list(t).StreamedPerMillion(stack[:1], r, 0, 0)
	require.ErrorContains(t, err, "no function whose name ends with -authorizer")
}

// Resources register in any order, and the documents must not differ by it.
func TestCostsDoNotDependOnTheResourcesOrder(t *testing.T) {
	resources := []Resource{
		lambda("authorizer", 128), lambda("model", 256), lambda("rotator", 128),
		resource("aws:cloudfront/function:Function", nil),
		resource("aws:cloudwatch/logDelivery:LogDelivery", nil),
		resource("aws:kms/key:Key", nil),
		resource("aws:wafv2/webAcl:WebAcl", map[string]property.Value{"rules": texts("a", "b")}),
	}
	reversed := slices.Clone(resources)
	slices.Reverse(reversed)
	bills := func(resources []Resource) [][]Item {
		atRest, err := list(t).AtRest(resources)
		require.NoError(t, err)
		inUse, err := list(t).PerMillion(resources, Usual, 5*time.Minute, 30*24*time.Hour)
		require.NoError(t, err)
		return [][]Item{atRest, inUse, list(t).PerMillionPrivate(resources, Usual, 0)}
	}
	assert.Equal(t, bills(resources), bills(reversed))
}

func TestTable(t *testing.T) {
	got := Table(
		Column{"one", []Item{{"Keys", 1, "keys", 1}, {"Runs", 8760, "runs", 0.004}}},
		Column{"two", []Item{{"Keys", 2.5, "keys", 2.5}}},
	)
	assert.Equal(t, `| | one | | two | |
|---|---|---:|---|---:|
| Keys | 1 key | 1.00 | 2.5 keys | 2.50 |
| Runs | 8 760 runs | < 0.01 | – | |
| **together** | | **1.00** | | **2.50** |
`, got)
}

func TestFill(t *testing.T) {
	got, err := Fill("a\n<!-- x -->\nold\n<!-- /x -->\nb", map[string]string{"x": "new\n"})
	require.NoError(t, err)
	assert.Equal(t, "a\n<!-- x -->\nnew\n<!-- /x -->\nb", got)
	_, err = Fill("a", map[string]string{"x": "new\n"})
	require.ErrorContains(t, err, "lacks the markers")
}
