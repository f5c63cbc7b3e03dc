package config

import (
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// Clients holds who may ask the API, and what a request costs a client.
type Clients struct {
	Access         string         // [lambdaenv.ClientAccessOpen], [lambdaenv.ClientAccessMigrating] or [lambdaenv.ClientAccessKeys]
	Prices         price.Table    // of models, by id; with any access but open, of all that requests may name
	Ceiling        price.Amount   // of all clients' budgets of a month together; 0 for none
	UsageDays      int            // until a row of a client's usage expires
	InferencePrice price.Amount   // of a request to the private model
	Issuers        []token.Issuer // of tokens that clients may send instead of keys, without keys
}

// Enabled reports whether the stack has clients.
func (c Clients) Enabled() bool { return c.Access != lambdaenv.ClientAccessOpen }

// highestCeiling is the highest sum of all clients' budgets of a month.
const highestCeiling = 100_000_000 * price.Dollar

var (
	clientAccess = setting[string]{
		key: "clientAccess", byDefault: lambdaenv.ClientAccessKeys, basic: true,
		allowed: oneOf(lambdaenv.ClientAccessOpen, lambdaenv.ClientAccessMigrating, lambdaenv.ClientAccessKeys),
		description: "Which clients may ask the API. With open, any viewer who finds the address may use the models at the owner's expense. " +
			"With keys, a client needs a key. With migrating, requests without a key are those of the client anonymous, " +
			"which may have a budget like any other. There is a table of clients with keys and with migrating. " +
			"Going back to open deletes it; protect prevents that, and retainOnDelete keeps the table.",
	}
	modelPrices = setting[[]string]{
		key: "modelPrices", basic: true, byDefault: []string{"amazon.nova-micro-v1:0=0.035/0.14"}, allowed: prices(),
		description: "Prices of the models in dollars per million tokens in and out, by which requests are charged to clients' budgets. " +
			"3/15/0.30/3.75 has those of tokens read from and written to the prompt cache, too. " +
			"Unless clientAccess is open, modelId and each of modelAllowedIds needs a price; 0/0 charges nothing.",
	}
	clientBudgetCeiling = setting[string]{
		key: "clientBudgetCeiling", byDefault: "0", allowed: dollars(highestCeiling),
		description: "The most dollars a month that the budgets of all clients together may come to. 0 limits nothing.",
	}
	clientUsageDays = setting[int]{
		key: "clientUsageDays", byDefault: 400, allowed: between(lambdaenv.MinClientUsageDays, lambdaenv.MaxClientUsageDays),
		description: "Days after which a row of a client's usage expires.",
	}
	inferenceRequestPrice = setting[string]{
		key: "inferenceRequestPrice", byDefault: "0", allowed: dollars(price.MaxPrice),
		description: "Dollars of a client's budget that a request to the private model takes. Its tokens aren't counted.",
	}
)

var oidcIssuers = setting[[]string]{
	key: "oidcIssuers", allowed: issuers(),
	description: "OIDC issuers whose tokens clients may send instead of keys, each with a name, the URL that the token's claim iss must be, and an audience " +
		"that its claim aud must contain. `make client-map` says whose a token is. A function reads the issuers' public keys every 10 minutes. " +
		"The subjects of clients belong to the name, so that another issuer needs another name.",
}

func readClients(r *reader) Clients {
	c := Clients{
		Access:         clientAccess.read(r),
		Prices:         price.Table{},
		Ceiling:        amount(clientBudgetCeiling.read(r)),
		UsageDays:      clientUsageDays.read(r),
		InferencePrice: amount(inferenceRequestPrice.read(r)),
	}
	for _, written := range oidcIssuers.read(r) {
		if issuer, ok := token.ParseIssuer(written); ok {
			c.Issuers = append(c.Issuers, issuer)
		}
	}
	for _, written := range modelPrices.read(r) {
		if model, p, ok := parseModelPrice(written); ok {
			c.Prices[model] = p
		}
	}
	return c
}

// prices allows lists of models with their prices, each model given once.
func prices() rule[[]string] {
	of := each(func(written string) bool { _, _, ok := parseModelPrice(written); return ok },
		fmt.Sprintf("a model with its price in dollars per million tokens in and out, at most %s, "+
			"such as amazon.nova-micro-v1:0=0.035/0.14", price.MaxPrice))
	return rule[[]string]{words: of.words, check: func(values []string, quote func(string) string) string {
		if allowed := of.check(values, quote); allowed != "" {
			return allowed
		}
		seen := map[string]bool{}
		for _, written := range values {
			model, _, _ := parseModelPrice(written)
			if seen[model] {
				return fmt.Sprintf("a list in which each model is given once; %q is there twice", quote(model))
			}
			seen[model] = true
		}
		return ""
	}}
}

// issuers allows lists of issuers of tokens, each name and each URL given once.
func issuers() rule[[]string] {
	of := each(func(written string) bool { _, ok := token.ParseIssuer(written); return ok }, token.IssuerForm)
	return rule[[]string]{words: of.words, check: func(values []string, quote func(string) string) string {
		if allowed := of.check(values, quote); allowed != "" {
			return allowed
		}
		var all []token.Issuer
		for _, written := range values {
			issuer, _ := token.ParseIssuer(written)
			all = append(all, issuer)
		}
		if repeated := token.Repeated(all); repeated != "" {
			return fmt.Sprintf("a list in which each name and each URL is given once; %q is there twice", quote(repeated))
		}
		if len(all) > token.MaxIssuers {
			return fmt.Sprintf("at most %d issuers", token.MaxIssuers)
		}
		return ""
	}}
}

// parseModelPrice reads a model and its price, and reports whether they are valid. A model
// may have colons and slashes, as ARNs do, so that the last equals sign is the one
// between them.
func parseModelPrice(written string) (model string, p price.Price, ok bool) {
	i := strings.LastIndex(written, "=")
	if i < 0 || !servedModelPattern.MatchString(written[:i]) {
		return "", price.Price{}, false
	}
	p, err := price.ParsePrice(written[i+1:])
	return written[:i], p, err == nil
}

// dollars allows an amount from 0 to most dollars.
func dollars(most price.Amount) rule[string] {
	return satisfying(func(written string) bool {
		a, err := price.ParseAmount(written)
		return err == nil && a <= most
	}, fmt.Sprintf("dollars from 0 to %s, such as 12.50", most))
}

// amount reads an amount. One that isn't valid is zero, and a problem already.
func amount(written string) price.Amount {
	a, err := price.ParseAmount(written)
	if err != nil {
		return 0
	}
	return a
}

// checkClients refuses models without a price, unless there are no clients: then no price has
// an effect. Prices of other models may be there: they do no harm, and a model that is
// allowed again has its price. Without clients, it refuses issuers.
func (s Settings) checkClients(r *reader) {
	if !s.Clients.Enabled() {
		if oidcIssuers.isSet(r) {
			r.must(oidcIssuers, "be empty while %s is %s: there are no clients", clientAccess, s.Clients.Access)
		}
		return
	}
	var without []string
	for _, id := range s.Model.IDs() {
		if _, priced := s.Clients.Prices[id]; !priced {
			without = append(without, r.shown(modelId.String(), r.shown(modelAllowedIds.String(), id)))
		}
	}
	if len(without) > 0 {
		r.must(modelPrices, "have a price for %s and for each of %s, since %s is %s; without one: %s",
			modelId, modelAllowedIds, clientAccess, s.Clients.Access, strings.Join(without, ", "))
	}
}
