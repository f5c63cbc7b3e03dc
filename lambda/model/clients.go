package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
)

// callAttempt is the timeout of an attempt of other calls of the table. Three of them end
// within a call's own timeout, of three seconds: a table that is slow for a moment refuses no
// request that has half a minute.
const callAttempt = 900 * time.Millisecond

// settleAttempt is the timeout of an attempt to settle a request: three of them end within
// a settlement's own timeout, [admission.SettleTimeout].
const settleAttempt = 300 * time.Millisecond

// newAdmission returns nil if client access is open.
func newAdmission(env lambdaenv.Model, getenv func(string) string) (*admission.Admission, error) {
	if !env.HasClients() {
		return nil, nil
	}
	prices, err := price.ParseTable(env.ModelPrices)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", lambdaenv.ModelPricesVariable, err)
	}
	store := clientstore.Store{Table: newTable(env.ClientsTable, callAttempt, getenv)}
	go connect(store)
	return admission.New(admission.Config{
		Store:     store,
		Settler:   clientstore.Store{Table: newTable(env.ClientsTable, settleAttempt, getenv)},
		Prices:    prices,
		UsageDays: env.ClientUsageDays,
		Tokens:    admit.NewTokens(store, env.Issuers),
		Anonymous: env.ClientAccess == lambdaenv.ClientAccessMigrating,
	}, env.ModelIDs)
}

func newTable(name string, attempt time.Duration, getenv func(string) string) *dynamo.Client {
	region := getenv("AWS_REGION")
	return dynamo.New(dynamo.Config{
		Endpoint:       awsjson.Endpoint(getenv, "dynamodb", region),
		Region:         region,
		Table:          name,
		Credentials:    awsjson.EnvironmentCredentials(getenv),
		AttemptTimeout: attempt,
	})
}

// connect opens a connection to the table while the function starts, so that the first
// request doesn't wait for it. A failure shows at that request.
func connect(store clientstore.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _, _ = store.Client(ctx, client.Anonymous)
}
