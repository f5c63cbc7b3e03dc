package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

const (
	novaMicro = "amazon.nova-micro-v1:0"
	titan     = "amazon.titan-embed-text-v2:0"
	profile   = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
)

func priced(t *testing.T, text string) price.Price {
	t.Helper()
	p, err := price.ParsePrice(text)
	require.NoError(t, err)
	return p
}

func TestClientDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Clients{
		Access:    clientAccess.byDefault,
		Prices:    price.Table{s.Model.ID: priced(t, "0.035/0.14")},
		UsageDays: 400,
	}, s.Clients)
}

// Each access works with the default model, which the default prices have.
func TestDefaultModelHasAPrice(t *testing.T) {
	for access, enabled := range map[string]bool{
		lambdaenv.ClientAccessOpen: false, lambdaenv.ClientAccessMigrating: true, lambdaenv.ClientAccessKeys: true,
	} {
		s, err := Load(own(map[string]string{"clientAccess": access}))
		require.NoError(t, err)
		assert.Equal(t, access, s.Clients.Access)
		assert.Equal(t, enabled, s.Clients.Enabled())
	}
}

func TestClientsGiven(t *testing.T) {
	s, err := Load(own(map[string]string{
		"clientAccess": "keys", "clientBudgetCeiling": "1250.50", "clientUsageDays": "1096", "inferenceRequestPrice": "0.000000001",
		"modelAllowedIds": `["` + titan + `","` + profile + `"]`,
		"modelPrices":     `["` + novaMicro + `=0.035/0.14","` + titan + `=0.02/0","` + profile + `=3/15/0.30/3.75"]`,
	}))
	require.NoError(t, err)
	assert.Equal(t, Clients{
		Access: lambdaenv.ClientAccessKeys,
		Prices: price.Table{
			novaMicro: priced(t, "0.035/0.14"), titan: priced(t, "0.02/0"), profile: priced(t, "3/15/0.30/3.75"),
		},
		Ceiling: 1250*price.Dollar + price.Dollar/2, UsageDays: 1096, InferencePrice: 1,
	}, s.Clients)
}

// A model that costs nothing has a price too.
func TestPriceMayBeZero(t *testing.T) {
	s, err := Load(own(map[string]string{"clientAccess": "keys", "modelPrices": `["` + novaMicro + `=0/0"]`}))
	require.NoError(t, err)
	assert.Equal(t, price.Table{novaMicro: {}}, s.Clients.Prices)
}

func TestHighestAndLowestPrices(t *testing.T) {
	s, err := Load(own(map[string]string{"clientAccess": "keys", "modelPrices": `["` + novaMicro + `=0.000000001/1000000"]`}))
	require.NoError(t, err)
	assert.Equal(t, price.Amount(1), s.Clients.Prices[novaMicro].Input)
	assert.Equal(t, price.MaxPrice, s.Clients.Prices[novaMicro].Output)
}

// A server's models have names of their own.
func TestServedModelHasAPrice(t *testing.T) {
	s, err := Load(own(map[string]string{
		"clientAccess": "keys", "modelBackend": "openai", "modelBaseUrl": "http://10.0.16.25:8000/v1",
		"modelId": "meta-llama/Llama-3.1-8B-Instruct", "modelPrices": `["meta-llama/Llama-3.1-8B-Instruct=0.1/0.1"]`,
	}))
	require.NoError(t, err)
	assert.Contains(t, s.Clients.Prices, "meta-llama/Llama-3.1-8B-Instruct")
}

// While the API is open, prices have no effect, and those of a time before or after may stay.
func TestOpenAPINeedsNoPrices(t *testing.T) {
	_, err := Load(own(map[string]string{
		"clientAccess": "open", "modelAllowedIds": `["` + titan + `"]`, "modelPrices": `["amazon.nova-lite-v1:0=0.06/0.24"]`,
	}))
	require.NoError(t, err)
}

func TestIssuersGiven(t *testing.T) {
	s, err := Load(own(map[string]string{
		"clientAccess": "migrating", "oidcIssuers": `["corp=https://login.example.com/|gatehouse","ci=https://token.example.org|https://api.example.com"]`,
	}))
	require.NoError(t, err)
	assert.Equal(t, []token.Issuer{
		{Name: "corp", URL: "https://login.example.com/", Audience: "gatehouse"},
		{Name: "ci", URL: "https://token.example.org", Audience: "https://api.example.com"},
	}, s.Clients.Issuers)
}

func TestIssuerMistakes(t *testing.T) {
	const corp = "corp=https://login.example.com|gatehouse"
	for _, c := range []struct{ access, value, want string }{
		{"open", `["` + corp + `"]`, "be empty while gatehouse:clientAccess is open"},
		{"keys", corp, "pulumi config set --path 'gatehouse:oidcIssuers[0]'"},
		{"keys", `["corp=http://login.example.com|gatehouse"]`, `"corp=http://login.example.com|gatehouse" is not`},
		{"keys", `["https://login.example.com"]`, "such as corp=https://login.example.com|gatehouse"},
		{"keys", `["` + corp + `","` + corp + `"]`, "is there twice"},
		{"keys", `["` + corp + `","corp=https://other.example.com|gatehouse"]`, `"corp" is there twice`},
		{"keys", `["` + corp + `","other=https://login.example.com|other"]`, `"https://login.example.com" is there twice`},
		{"keys", `["a=https://a.example.com|x","b=https://b.example.com|x","c=https://c.example.com|x","d=https://d.example.com|x"]`, "at most 3 issuers"},
	} {
		_, err := Load(own(map[string]string{"clientAccess": c.access, "oidcIssuers": c.value}))
		require.ErrorContains(t, err, "gatehouse:oidcIssuers", c.value)
		require.ErrorContains(t, err, c.want, c.value)
	}
}

func TestClientMistakes(t *testing.T) {
	for _, c := range []struct {
		config map[string]string
		want   string
	}{
		{map[string]string{"clientAccess": "closed"}, `gatehouse:clientAccess is "closed"; allowed: one of open, migrating, keys`},
		{map[string]string{"clientUsageDays": "30"}, "a whole number from 31 to 1096"},
		{map[string]string{"clientUsageDays": "1097"}, "a whole number from 31 to 1096"},
		{map[string]string{"clientBudgetCeiling": "-1"}, "dollars from 0 to 100000000"},
		{map[string]string{"clientBudgetCeiling": "100000000.01"}, "dollars from 0 to 100000000"},
		{map[string]string{"clientBudgetCeiling": ""}, "dollars from 0 to 100000000"},
		{map[string]string{"clientBudgetCeiling": "50usd"}, "dollars from 0 to 100000000"},
		{map[string]string{"inferenceRequestPrice": "1000001"}, "dollars from 0 to 1000000"},
		{map[string]string{"inferenceRequestPrice": "0.0000000001"}, "dollars from 0 to 1000000"},
		{map[string]string{"modelPrices": novaMicro + "=0.035/0.14"}, "pulumi config set --path 'gatehouse:modelPrices[0]'"},
		{map[string]string{"modelPrices": `["` + novaMicro + `"]`}, `"` + novaMicro + `" is not`},
		{map[string]string{"modelPrices": `["` + novaMicro + `=0.035"]`}, `=0.035" is not`},
		{map[string]string{"modelPrices": `["` + novaMicro + `=-1/1"]`}, `=-1/1" is not`},
		{map[string]string{"modelPrices": `["=1/1"]`}, `"=1/1" is not`},
		{map[string]string{"modelPrices": `["a=b=1/1"]`}, `"a=b=1/1" is not`},
		{map[string]string{"modelPrices": `["` + novaMicro + `=0.0000000001/1"]`}, "is not"},
		{map[string]string{"modelPrices": `["` + novaMicro + `=1000000.000000001/1"]`}, "at most 1000000"},
		{map[string]string{"modelPrices": `["` + novaMicro + `=1/1000001"]`}, "at most 1000000"},
		{map[string]string{"modelPrices": `["` + novaMicro + `=1/1","` + novaMicro + `=1/2"]`}, `each model is given once; "` + novaMicro + `" is there twice`},
		{
			map[string]string{"clientAccess": "keys", "modelId": "amazon.nova-lite-v1:0"},
			`gatehouse:modelPrices is "[\"` + novaMicro + `=0.035/0.14\"]" by default; it must have a price for gatehouse:modelId and for each of ` +
				"gatehouse:modelAllowedIds, since gatehouse:clientAccess is keys; without one: amazon.nova-lite-v1:0",
		},
		{
			map[string]string{"clientAccess": "migrating", "modelAllowedIds": `["` + titan + `","` + profile + `"]`},
			"since gatehouse:clientAccess is migrating; without one: " + titan + ", " + profile,
		},
	} {
		_, err := Load(own(c.config))
		require.ErrorContains(t, err, c.want, "%v", c.config)
		var problems Problems
		require.ErrorAs(t, err, &problems)
		assert.Len(t, problems, 1, "%v", problems)
	}
}

// A model that is taken away for a while keeps its price.
func TestPricesOfOtherModelsMayStay(t *testing.T) {
	s, err := Load(own(map[string]string{"modelPrices": `["` + novaMicro + `=1/1","` + titan + `=0.02/0"]`}))
	require.NoError(t, err)
	assert.Len(t, s.Clients.Prices, 2)
}

func TestEveryClientMistakeIsReported(t *testing.T) {
	_, err := Load(own(map[string]string{
		"clientAccess": "closed", "clientUsageDays": "1", "clientBudgetCeiling": "-1",
	}))
	for _, want := range []string{"one of open, migrating, keys", "from 31 to 1096", "dollars from 0"} {
		require.ErrorContains(t, err, want)
	}
}
